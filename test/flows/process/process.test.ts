import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { type Exit, openSite, type Site } from '../../world/daemon-process.ts';
import { attempt, json, login, redeem, tokensOf, userinfo } from '../../world/login.ts';
import { dial } from '../../world/raw.ts';
import { until } from '../../world/until.ts';
import { freePort } from '../../world/world.ts';

const database = (site: Site) => join(site.stateDirectory, 'tsidp.db');

/** Digests of everything in the state directory but the lock, which every attempt takes. */
function fingerprint({ stateDirectory }: Site): Record<string, string> {
  const names = readdirSync(stateDirectory).filter((name) => !name.startsWith('lock'));
  return Object.fromEntries(
    names.map((name) => {
      const bytes = readFileSync(join(stateDirectory, name));
      return [name, createHash('sha256').update(bytes).digest('hex')];
    }),
  );
}

describe('SIGTERM', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s lets requests under way finish with their answers',
    async (signal) => {
      await using site = await openSite({ whoisCacheSeconds: 0 });
      const { simulator, issuer } = site;
      const run = await site.start();
      const begun = attempt(issuer, 'grafana');
      const whois = '/localapi/v0/whois';
      const before = simulator.requests.get(whois) ?? 0;
      simulator.delayMs = 700;
      const under = new Browser().open(begun.url);
      await until('it is under way', () => (simulator.requests.get(whois) ?? 0) > before);

      const exited = run.kill(signal);
      await until('it ends', () => /requests under way may finish/.test(run.out()));
      const late = await new Browser('127.0.0.2').open(begun.url).catch(() => undefined);

      // new ones find a closed door or are told to come back
      if (late) expect([late.status, Number(late.headers['retry-after']) > 0]).toEqual([503, true]);
      const code = (await under).location?.searchParams.get('code') ?? '';
      expect(await exited).toEqual({ code: 0, signal: null });
      expect(run.err()).toBe('');

      simulator.delayMs = 0;
      await site.start();
      const tokens = tokensOf(await redeem(issuer, { code, attempt: begun }));
      expect(tokens.claims['sub']).toBe('userid:1');
    },
  );

  it('waits no longer than it is allowed to', async () => {
    await using site = await openSite({ limits: { drainSeconds: 1 } });
    const run = await site.start();
    const idle = await dial(new URL(site.issuer).port);
    site.simulator.fault('hang');
    const hung = new Browser().open(attempt(site.issuer, 'grafana').url).catch(() => 'cut off');
    await until('it is under way', () => site.simulator.requests.get('/localapi/v0/whois'));
    const begun = performance.now();
    expect(await run.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - begun).toBeLessThan(4000);
    await hung;
    await idle.ended;
  });

  it('waits so long once, also for a request that never comes whole', async () => {
    await using site = await openSite({ limits: { drainSeconds: 4 } });
    const run = await site.start();
    const { host, port } = new URL(site.issuer);
    const dawdling = await dial(port);
    const form = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100';
    dawdling.socket.write(`POST /token HTTP/1.1\r\nHost: ${host}\r\n${form}\r\n\r\ngrant_type=`);
    const half = await dial(port);
    half.socket.write('GET / HTTP/1.1\r\nHo');
    // answered after those two were read
    expect((await new Browser().open(`${site.issuer}/healthz`)).status).toBe(200);
    const begun = performance.now();
    expect(await run.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - begun).toBeLessThan(7500);
    await Promise.all([dawdling.ended, half.ended]);
  });
});

test('SIGHUP ends nothing while tailscaled is waited for', async () => {
  await using site = await openSite();
  const { simulator } = site;
  simulator.setStatus({ backendState: 'NeedsLogin' });
  const starting = site.start();
  await until('it waits', () => simulator.requests.get('/localapi/v0/status'));
  for (const pid of site.pids()) process.kill(pid, 'SIGHUP');
  simulator.setStatus({ backendState: 'Running' });
  const run = await starting;
  expect(await run.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});

it('a signal that is repeated later ends it at once', async () => {
  await using site = await openSite({ limits: { drainSeconds: 60 } });
  const run = await site.start();
  site.simulator.fault('hang');
  const hung = new Browser().open(attempt(site.issuer, 'grafana').url).catch(() => 'cut off');
  await until('it is under way', () => site.simulator.requests.get('/localapi/v0/whois'));
  let exit: Exit | undefined;
  await until('it ends', () => {
    void run.kill('SIGINT').then((ended) => {
      exit = ended;
    });
    return exit;
  });
  expect(exit).toEqual({ code: null, signal: 'SIGINT' });
  expect(run.out()).toMatch(/requests under way may finish/);
  await hung;
});

describe('a second daemon on the same state', () => {
  it('refuses to start, names the first, and does not disturb it', async () => {
    await using site = await openSite();
    await site.start();
    const tokens = await login(new Browser(), site.issuer);

    const second = await site.startInVain(await freePort());

    expect(second.code).toBe(1);
    expect(second.err).toMatch(
      /^tsidp: another tsidp \(pid \d+\) uses \S+; stop it first, or give/,
    );
    expect(second.err.trim().split('\n')).toHaveLength(1);
    expect(json(await userinfo(site.issuer, tokens.accessToken))['sub']).toBe('userid:1');
    await login(new Browser('127.0.0.2'), site.issuer);
  });

  it('on another state but the same port refuses, too', async () => {
    await using first = await openSite();
    await using second = await openSite();
    await first.start();
    const { code, err } = await second.startInVain(Number(new URL(first.issuer).port));
    expect(code).toBe(1);
    expect(err).toMatch(/^tsidp: Can't listen on 127\.0\.0\.1 port \d+: another program listens/);
    expect((await second.start()).err()).toBe('');
  });
});

describe('T23 damaged state stops the start and is left as it is', () => {
  let site: Site;
  let sound: Buffer;

  beforeAll(async () => {
    site = await openSite();
    const run = await site.start();
    await login(new Browser(), site.issuer);
    await run.kill('SIGTERM');
    sound = readFileSync(database(site));
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const putRight = () => {
    for (const suffix of ['-wal', '-shm']) rmSync(database(site) + suffix, { force: true });
    writeFileSync(database(site), sound);
  };
  /** Changes a key as only a failing disk or a hand could: the database itself refuses it. */
  const keys = (change: string) => (path: string) => {
    const opened = new DatabaseSync(path);
    const guards = opened
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
      .all();
    for (const { name } of guards) opened.exec(`DROP TRIGGER ${String(name)}`);
    expect(opened.prepare(`UPDATE keys SET ${change}`).run().changes).toBe(1);
    for (const { sql } of guards) opened.exec(String(sql));
    opened.close();
  };
  const damages: readonly (readonly [string, RegExp, (path: string) => void])[] = [
    ['a database cut in half', /damaged/, (path) => writeFileSync(path, sound.subarray(0, 8192))],
    ['an empty database', /damaged/, (path) => writeFileSync(path, '')],
    ['a signing key of no sense', /signing key/, keys("material = '{}' WHERE algorithm = 'RS256'")],
    [
      'a signing key cut off',
      /signing key/,
      keys("material = substr(material, 1, 40) WHERE algorithm = 'ES256'"),
    ],
    [
      'a private key that has become another',
      /signing key/,
      keys(
        "material = json_set(material, '$.d', 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI') WHERE algorithm = 'ES256'",
      ),
    ],
    [
      'a public key that has become another',
      /signing key/,
      keys(
        "material = json_set(material, '$.x', '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo') WHERE algorithm = 'EdDSA'",
      ),
    ],
    ['a cookie key cut off', /cookie key/, keys("material = 'AAAA' WHERE purpose = 'cookie'")],
    [
      'no key of secrets',
      /client-secret key/,
      keys("material = '' WHERE purpose = 'client-secret'"),
    ],
  ];

  it.each(damages)('%s', async (_, what, damage) => {
    putRight();
    damage(database(site));
    const before = fingerprint(site);

    const { code, err } = await site.startInVain();

    expect(code).toBe(1);
    expect(err).toMatch(what);
    expect(err).toMatch(/[Nn]othing was (touched|changed)/);
    expect(err).toMatch(/from a backup/);
    expect(err).not.toMatch(/\n\s+at /);
    expect(fingerprint(site)).toEqual(before);
  });

  it('and the daemon starts again once it is put right', async () => {
    putRight();
    await site.start();
    expect((await login(new Browser(), site.issuer)).claims['sub']).toBe('userid:1');
  });
});
