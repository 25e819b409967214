import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { runCommand } from '../../world/command.ts';
import { failure, json, userinfo } from '../../world/login.ts';
import {
  manage,
  publicClient,
  type Registered,
  register,
  registered,
} from '../../world/register.ts';
import { until } from '../../world/until.ts';
import { startWorld, type World } from '../../world/world.ts';
import { authorize, begin, callAs, loginWith, refreshWith } from './registered-login.ts';

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

const tsidp = (...argv: string[]) => runCommand(world, ...argv);

const isAsked = async (client: Registered, redirectUri?: string): Promise<boolean> => {
  const answer = await new Browser().follow(begin(world, client, redirectUri).url);
  return answer.body.includes('<form');
};

describe('operators and the clients that registered themselves', () => {
  test('list them with their state and who registered them', async () => {
    world = await startWorld();
    const client = await registered(world.issuer);
    await tsidp('clients', 'approve', client.client_id);

    const { out } = await tsidp('clients', 'list');
    expect(out).toMatch(
      new RegExp(`^${client.client_id} .*dynamic by alice@example\\.com, approved `, 'm'),
    );
    const shown = JSON.parse((await tsidp('clients', 'show', client.client_id, '--json')).out);
    expect(shown).toMatchObject({
      source: 'dynamic',
      registration: {
        login: 'alice@example.com',
        device: expect.stringMatching(/^n/),
        address: '127.0.0.1',
        listener: 'demo',
        usedAt: null,
      },
    });
    await loginWith(world, client);
    const used = JSON.parse((await tsidp('clients', 'show', client.client_id, '--json')).out);
    expect(used.registration.usedAt).toMatch(/^20\d\d-/);
  });

  test('T17 approve one: nobody is asked any more, until it changes what was looked at', async () => {
    world = await startWorld();
    const client = await registered(world.issuer);
    expect(await isAsked(client)).toBe(true);

    expect((await tsidp('clients', 'approve', client.client_id)).code).toBe(0);
    expect(await isAsked(client)).toBe(false);
    // the same once more is no change
    const same = { ...publicClient, client_id: client.client_id };
    const kept = { ...client, ...json(await manage(client, 'PUT', same)) } as Registered;
    expect(await isAsked(kept)).toBe(false);

    const elsewhere = { ...same, redirect_uris: ['https://evil.test/cb'] };
    const moved = { ...kept, ...json(await manage(kept, 'PUT', elsewhere)) } as Registered;
    expect(await isAsked(moved)).toBe(true);
  });

  test('T15 quarantined from the start: a page says who must do what, and nothing is sent anywhere', async () => {
    world = await startWorld({ registration: { quarantine: true } });
    const client = await registered(world.issuer);
    const begun = begin(world, client);

    const answer = await authorize(world, begun, new Browser());
    expect([answer.status, answer.location]).toEqual([403, undefined]);
    expect(answer.body).toContain(`tsidp clients release ${client.client_id}`);
    expect(answer.body).toContain('waits for an administrator');
    expect(auditLog(world.directory).findLast(({ event }) => event === 'denial')).toMatchObject({
      subject: 'userid:1',
      reason: expect.stringContaining('waits for an administrator'),
    });

    expect((await tsidp('clients', 'release', client.client_id)).code).toBe(0);
    expect((await loginWith(world, client)).claims['sub']).toBe('userid:1');
    // whoever is let in by what it was comes back as another
    const renamed = { ...publicClient, client_id: client.client_id, client_name: 'Grafana' };
    await manage(client, 'PUT', renamed);
    expect((await authorize(world, begun, new Browser())).status).toBe(403);
  });

  test('quarantine one that is in use: its tokens end', async () => {
    world = await startWorld({ whoisCacheSeconds: 0 });
    const client = await registered(world.issuer);
    const tokens = await loginWith(world, client);

    expect((await tsidp('clients', 'quarantine', client.client_id)).code).toBe(0);

    expect((await userinfo(world.issuer, tokens.accessToken)).status).toBe(401);
    expect(failure(await refreshWith(world, client, tokens.refreshToken))).toBe(
      '400 invalid_grant',
    );
    expect(auditLog(world.directory).some(({ detail }) => detail['action'] === 'quarantine')).toBe(
      true,
    );
  });

  test('remove one: what it has ends, and it hears 401 invalid_client', async () => {
    world = await startWorld();
    const client = await registered(world.issuer);
    const tokens = await loginWith(world, client);

    expect((await tsidp('clients', 'remove', client.client_id)).code).toBe(0);

    expect(failure(await refreshWith(world, client, tokens.refreshToken))).toBe(
      '401 invalid_client',
    );
    expect((await userinfo(world.issuer, tokens.accessToken)).status).toBe(401);
    expect(failure(await manage(client, 'GET'))).toBe('401 invalid_token');
  });

  test('have nothing to say of their own clients so', async () => {
    world = await startWorld();
    const declared = await tsidp('clients', 'approve', 'grafana');
    expect(declared.code).toBe(1);
    const own = ['clients', 'add', '--id', 'own', '--redirect-uri', 'https://own.test/cb'];
    await tsidp(...own);
    const entered = await tsidp('clients', 'quarantine', 'own');
    expect([entered.code, entered.err]).toEqual([
      1,
      expect.stringContaining('did not register itself'),
    ]);
    expect((await tsidp('clients', 'release', 'nobody')).code).toBe(1);
  });
});

describe('T15 registrations that nobody uses', () => {
  test('go at the next start of the daemon, and what is used stays', async () => {
    world = await startWorld({ registration: { unusedDays: 30, idleDays: 90 } });
    const [unused, idle, busy, young] = [
      await registered(world.issuer),
      await registered(world.issuer),
      await registered(world.issuer),
      await registered(world.issuer),
    ];
    const daysAgo = (days: number) => Math.floor(Date.now() / 1000) - days * 86_400;
    const database = new DatabaseSync(join(world.directory, 'state', 'tsidp.db'));
    const age = database.prepare(
      'UPDATE registrations SET registered_at = ?, used_at = ? WHERE client_id = ?',
    );
    age.run(daysAgo(31), null, unused.client_id);
    age.run(daysAgo(200), daysAgo(92), idle.client_id);
    age.run(daysAgo(200), daysAgo(2), busy.client_id);
    age.run(daysAgo(29), null, young.client_id);
    database.close();

    await world.restart();

    const answers = async (client: Registered) =>
      failure(
        await callAs(world, client, '/token', { grant_type: 'refresh_token', refresh_token: 'x' }),
      );
    await until('the old ones go', async () => (await answers(idle)) === '401 invalid_client');
    expect(await answers(unused)).toBe('401 invalid_client');
    expect(await answers(busy)).toBe('400 invalid_grant');
    expect(await answers(young)).toBe('400 invalid_grant');
    const removed = auditLog(world.directory).filter(({ detail }) => detail['by'] === 'expiry');
    expect(removed.map(({ reason }) => reason).toSorted()).toEqual([
      'never used',
      'not used for long',
    ]);
    expect((await register(world.issuer)).status).toBe(201);
  });
});
