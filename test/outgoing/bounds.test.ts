import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createOutgoingFetch, type OutgoingParts } from '../../src/outgoing/fetch.ts';
import { until } from '../world/until.ts';
import { openSite } from './site.ts';

const json: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'application/json').end('{"ok":true}');
};
const local = (parts: Partial<OutgoingParts>) =>
  createOutgoingFetch({ allowedHosts: ['127.0.0.1'], ...parts });

describe('T14 bounded work', () => {
  it('lets few requests run at once, some wait, and turns the rest away', async () => {
    let running = 0;
    let most = 0;
    const go = Promise.withResolvers<void>();
    const full = Promise.withResolvers<void>();
    await using site = await openSite((request, response) => {
      most = Math.max(most, ++running);
      if (running === 2) full.resolve();
      void go.promise.then(() => {
        running -= 1;
        json(request, response);
      });
    });
    const fetch = local({ concurrency: 2 });
    const all = Array.from({ length: 12 }, () => fetch(site.origin));
    const busy = all.slice(10).map((one) => expect(one).rejects.toMatchObject({ failure: 'busy' }));
    await Promise.all([...busy, full.promise]);
    go.resolve();
    expect(await Promise.all(all.slice(0, 10))).toHaveLength(10);
    expect(most).toBe(2);
  });

  it('counts the wait into the time, and gives its place back', async () => {
    await using site = await openSite((request, response) => {
      if (request.url === '/ok') json(request, response);
    });
    const fetch = local({ concurrency: 1, timeoutMs: 20_000 });
    const signal = AbortSignal.timeout(150);
    const hung = Array.from({ length: 3 }, () => fetch(site.origin, { signal }));
    const failures = hung.map((one) =>
      expect(one).rejects.toMatchObject({ failure: 'timeout', passes: true }),
    );
    await Promise.all(failures);
    expect((await fetch(`${site.origin}/ok`)).status).toBe(200);
  });

  /** Hosts that hang until they are let go, and how often each was asked. */
  async function openHanging() {
    const go = Promise.withResolvers<void>();
    const hosts: string[] = [];
    const site = await openSite((request, response) => {
      hosts.push(new URL(`http://${request.headers.host}`).hostname);
      if (request.url === '/ok') json(request, response);
      else void go.promise.then(() => json(request, response));
    });
    return { site, hosts, go };
  }
  const slow = Array.from({ length: 8 }, (_, i) => `slow${i}.test`);
  const named = () =>
    local({
      allowedHosts: [...slow, 'quick.test'],
      resolve: async () => ['127.0.0.1'],
      timeoutMs: 20_000,
    });

  it('keeps places for others while one host does not answer', async () => {
    const { site, hosts, go } = await openHanging();
    await using _ = site;
    const fetch = named();
    const hung = Array.from({ length: 40 }, (_, i) =>
      fetch(`http://slow0.test:${site.port}/${i}`).then(
        () => 'answered',
        ({ failure }) => failure,
      ),
    );
    await until('the slow hosts are asked', () => hosts.length >= 2);
    expect((await fetch(`http://quick.test:${site.port}/ok`)).status).toBe(200);
    expect(hosts).toEqual(['slow0.test', 'slow0.test', 'quick.test']);
    go.resolve();
    const ends = await Promise.all(hung);
    expect(ends.filter((end) => end === 'answered')).toHaveLength(10);
    expect(ends.filter((end) => end === 'busy')).toHaveLength(30);
  });

  it("keeps places for operators' URLs while strangers' hosts do not answer", async () => {
    const { site, hosts, go } = await openHanging();
    await using _ = site;
    const fetch = named();
    const hung = slow.map((host) => fetch(`http://${host}:${site.port}/`));
    await until('the slow hosts are asked', () => hosts.length === slow.length);
    const answer = await fetch(`http://127.0.0.1:${site.port}/ok`, { trusted: true });
    expect(answer.status).toBe(200);
    go.resolve();
    await Promise.all(hung);
  });

  const mallory = { name: 'userid:66', isStranger: false };
  const alice = { name: 'userid:1', isStranger: false };
  const endOf = (asked: Promise<unknown>) =>
    asked.then(
      () => 'answered',
      ({ failure }) => failure,
    );

  it('T38 slow hosts of one asker hold a quarter of the places, and of a host one', async () => {
    const { site, hosts, go } = await openHanging();
    await using _ = site;
    const others = [...slow.slice(0, 2), 'other0.test', 'other1.test'];
    const fetch = createOutgoingFetch({
      allowedHosts: [...slow, ...others],
      resolve: async () => ['127.0.0.1'],
      timeoutMs: 20_000,
    });
    const ask = (host: string, asker: typeof alice, path = '') =>
      endOf(fetch(`http://${host}:${site.port}/${path}`, { asker }));
    // eight for each of the two, and as many as hosts there are
    const hung = slow.flatMap((host) => [ask(host, mallory), ask(host, mallory)]);
    await until('two hosts are asked', () => hosts.length === 2);
    expect(await ask(hosts[0]!, alice, 'ok')).toBe('answered');
    expect(await ask('other0.test', alice, 'ok')).toBe('answered');
    expect(hosts.filter((host) => host.startsWith('slow'))).toHaveLength(3);
    go.resolve();
    const ends = await Promise.all(hung);
    expect(ends.filter((end) => end === 'answered')).toHaveLength(10);
    expect(ends.filter((end) => end === 'busy')).toHaveLength(6);
  });

  it('T38 strangers have half of the places together', async () => {
    const { site, hosts, go } = await openHanging();
    await using _ = site;
    const fetch = named();
    const hung = slow.map((host, i) =>
      endOf(fetch(`http://${host}:${site.port}/`, { asker: { name: `${i}`, isStranger: true } })),
    );
    await until('four hosts are asked', () => hosts.length === 4);
    const answer = await fetch(`http://quick.test:${site.port}/ok`, { asker: alice });
    expect(answer.status).toBe(200);
    expect(hosts).toHaveLength(5);
    go.resolve();
    expect(new Set(await Promise.all(hung))).toEqual(new Set(['answered']));
  });

  it('T38 where nobody more may wait, whoever has most waiting makes room', async () => {
    const { site, hosts, go } = await openHanging();
    await using _ = site;
    const fetch = named();
    const ask = (host: string, asker: typeof alice) =>
      endOf(fetch(`http://${host}:${site.port}/`, { asker }));
    const names = Array.from({ length: 5 }, (_, i) => ({ ...mallory, name: `m${i}` }));
    const hung = names.flatMap((name) => slow.map((host) => ask(host, name)));
    const late = names.flatMap((name) => slow.slice(0, 2).map((host) => ask(host, name)));
    const hers = ask('quick.test', alice);
    await until('all places are taken', () => hosts.length === 8);
    go.resolve();
    expect(await hers).toBe('answered');
    const ends = await Promise.all([...hung, ...late]);
    expect(ends).toContain('busy');
    expect(ends.filter((end) => end === 'answered').length).toBeGreaterThan(20);
  });

  it('T38 hosts that an operator named have places of their own', async () => {
    const { site, hosts, go } = await openHanging();
    await using _ = site;
    const isPublic = async (name: string) => [name === 'named.test' ? '127.0.0.1' : '203.0.113.7'];
    const unnamed: string[] = [];
    const fetch = createOutgoingFetch({
      allowedHosts: ['named.test'],
      resolve: async (name) => {
        if (name === 'named.test') return isPublic(name);
        // whatever takes long, names included
        unnamed.push(name);
        await go.promise;
        return isPublic(name);
      },
      timeoutMs: 20_000,
    });
    const hung = slow.map((host) => endOf(fetch(`https://${host}/`)));
    await until('all places of others are taken', () => unnamed.length === 8);
    expect((await fetch(`http://named.test:${site.port}/ok`)).status).toBe(200);
    expect(hosts).toEqual(['named.test']);
    go.resolve();
    await Promise.all(hung);
  });
});
