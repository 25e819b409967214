import { describe, expect, test } from 'vitest';
import type { Registration, RegistrationQuota, StoredClient } from '../../../src/store/store.ts';
import { type Opened, openFile, openMemory } from '../opened.ts';

const room: RegistrationQuota = { perPeer: 100, perPeerFromPages: 100, total: 100 };

const client = (
  id: string,
  metadata: StoredClient['metadata'] = {},
  options: StoredClient['options'] = {},
): StoredClient => ({
  id,
  metadata,
  options,
  secretVerifier: null,
  source: 'dynamic',
  createdAt: 1,
  updatedAt: 1,
});

const registration = (clientId: string, more: Partial<Registration> = {}): Registration => ({
  clientId,
  peer: 'userid:1',
  subject: 'userid:1',
  login: 'alice@example.com',
  device: 'n1CNTRL',
  address: '100.64.0.3',
  listener: 'tailnet',
  origin: undefined,
  registeredAt: 1000,
  usedAt: undefined,
  ...more,
});

const add = (
  { store }: Opened,
  id: string,
  more: Partial<Registration> = {},
  quota: Partial<RegistrationQuota> = {},
) => store.registrations.add(client(id), registration(id, more), { ...room, ...quota });

describe.each([
  ['memory', openMemory],
  ['file', openFile],
])('registrations in a %s', (_name, open) => {
  test('are found with who made them, and go with their client', async () => {
    const opened = open();
    const { store } = opened;

    expect(await add(opened, 'a', { origin: 'https://inspector.test' })).toBeUndefined();

    expect(await store.registrations.find('a')).toEqual(
      registration('a', { origin: 'https://inspector.test' }),
    );
    expect((await store.clients.find('a'))?.source).toBe('dynamic');
    expect(await store.clients.remove('a')).toBe(true);
    expect(await store.registrations.find('a')).toBeUndefined();
    expect(await store.registrations.list()).toEqual([]);
  });

  test('T15 stop at the quota of a peer, of its web pages and of all, and store nothing beyond', async () => {
    const opened = open();
    const quota = { perPeer: 3, perPeerFromPages: 1, total: 4 };
    const page = { origin: 'https://evil.test' };

    expect(await add(opened, 'a', page, quota)).toBeUndefined();
    expect(await add(opened, 'b', page, quota)).toBe('perPeerFromPages');
    expect(await add(opened, 'c', {}, quota)).toBeUndefined();
    expect(await add(opened, 'd', {}, quota)).toBeUndefined();
    expect(await add(opened, 'e', {}, quota)).toBe('perPeer');
    const bob = { peer: 'userid:2', subject: 'userid:2' };
    expect(await add(opened, 'f', bob, quota)).toBeUndefined();
    expect(await add(opened, 'g', bob, quota)).toBe('total');
    // strangers have a total of their own: they can't take the members' room, nor the other way round
    const stranger = { peer: '203.0.113.9', subject: undefined };
    expect(await add(opened, 'h', stranger, quota)).toBeUndefined();

    expect((await opened.store.clients.list()).map(({ id }) => id)).toEqual([
      'a',
      'c',
      'd',
      'f',
      'h',
    ]);
  });

  test('T15 parallel registrations do not exceed the quota', async () => {
    const opened = open();
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) => add(opened, `c${index}`, {}, { perPeer: 7 })),
    );
    await opened.store.committed();

    expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(7);
    expect(await opened.store.registrations.list()).toHaveLength(7);
    expect(await opened.store.clients.list()).toHaveLength(7);
  });

  test('are noted as used once a day', async () => {
    const opened = open();
    const { store } = opened;
    await add(opened, 'a');
    const usedAt = async () => (await store.registrations.find('a'))?.usedAt;

    await store.registrations.use('a', 2000);
    expect(await usedAt()).toBe(2000);
    await store.registrations.use('a', 2000 + 86_399);
    expect(await usedAt()).toBe(2000);
    await store.registrations.use('a', 2000 + 86_400);
    expect(await usedAt()).toBe(2000 + 86_400);
    await store.registrations.use('nobody', 1);
  });

  test('T15 expire when never used, or not for long; approved ones stay', async () => {
    const opened = open();
    const { store } = opened;
    const anonymous = { peer: '203.0.113.9', subject: undefined };
    await add(opened, 'never-used', { registeredAt: 999 });
    await add(opened, 'young', { registeredAt: 1000 });
    await add(opened, 'stranger', { ...anonymous, registeredAt: 1999 });
    await add(opened, 'young-stranger', { ...anonymous, registeredAt: 2000 });
    await add(opened, 'idle', { registeredAt: 1 });
    await add(opened, 'busy', { registeredAt: 1 });
    await store.registrations.use('idle', 499);
    await store.registrations.use('busy', 500);
    const approved = client('approved', {}, { approved: true });
    await store.registrations.add(approved, registration('approved', { registeredAt: 1 }), room);
    const age = { unusedBefore: 1000, anonymousUnusedBefore: 2000, idleBefore: 500 };

    expect(await store.registrations.expired(age, 10)).toEqual(['idle', 'never-used', 'stranger']);
    expect(await store.registrations.expired(age, 1)).toHaveLength(1);
  });

  test('T15 expire whatever a client put into its metadata', async () => {
    const { store } = open();
    // deeper than SQLite's JSON functions read
    const jwks = JSON.parse(`${'['.repeat(1100)}${']'.repeat(1100)}`);
    await store.registrations.add(client('deep', { jwks }), registration('deep'), room);
    await store.registrations.add(client('plain'), registration('plain'), room);
    const approved = client('approved', { jwks }, { approved: true });
    await store.registrations.add(approved, registration('approved', { registeredAt: 1 }), room);
    const age = { unusedBefore: 2000, anonymousUnusedBefore: 2000, idleBefore: 500 };

    expect(await store.registrations.expired(age, 10)).toEqual(['deep', 'plain']);
    expect(await store.registrations.expired(age, 1)).toEqual(['deep']);
  });

  test('whose client is removed lose what it was granted', async () => {
    const opened = open();
    const { store } = opened;
    await add(opened, 'a');
    await store.registrations.use('a', 2000);
    const grants = store.adapter('Grant');
    await grants.upsert('g', { accountId: 'userid:1', clientId: 'a', exp: 4_000_000_000 }, 3600);

    await store.clients.remove('a');

    expect(await grants.find('g')).toBeUndefined();
  });
});
