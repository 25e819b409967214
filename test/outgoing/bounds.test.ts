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
});
