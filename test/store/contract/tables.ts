import { describe, expect, it } from 'vitest';
import type { AuditRecord, StoredClient, StoredKey } from '../../../src/store/store.ts';
import { StoreError } from '../../../src/store/store.ts';
import type { Open } from '../opened.ts';
import { alive, saveLogin } from './login.ts';

const client: StoredClient = {
  id: 'grafana',
  metadata: { redirect_uris: ['https://grafana.example.ts.net/login'], client_name: 'Graf ä' },
  options: { login: 'confirm', allowedOrigins: ['https://spa.example'] },
  secretVerifier: 'hmac:abc',
  source: 'cli',
  createdAt: 100,
  updatedAt: 100,
};

export function tableContract(open: Open): void {
  describe('clients', () => {
    it('saves, replaces, lists oldest first and removes', async () => {
      const { clients } = open().store;
      const older: StoredClient = { ...client, id: 'a', secretVerifier: null, createdAt: 50 };
      await clients.save(client);
      await clients.save(older);
      expect(await clients.find('grafana')).toEqual(client);
      expect(await clients.find('Grafana')).toBeUndefined();
      expect(await clients.list()).toEqual([older, client]);
      const changed: StoredClient = { ...client, secretVerifier: 'hmac:def', updatedAt: 200 };
      await clients.save(changed);
      expect(await clients.list()).toEqual([older, changed]);
      expect(await clients.idTokenAlgorithms()).toEqual([]);
      const signed = { ...older.metadata, id_token_signed_response_alg: 'ES256' };
      await clients.save({ ...older, metadata: signed });
      await clients.save({ ...changed, metadata: signed });
      expect(await clients.idTokenAlgorithms()).toEqual(['ES256']);
      await clients.save(older);
      expect(await clients.remove('grafana')).toBe(true);
      expect(await clients.remove('grafana')).toBe(false);
      expect(await clients.list()).toEqual([older]);
    });

    it('takes its tokens with it, so that none wakes under a client of the same ID', async () => {
      const opened = open();
      const { store, clock } = opened;
      await store.clients.save(client);
      const login = await saveLogin(opened);
      const machine = { clientId: 'grafana', exp: clock.now + 300 };
      await store.adapter('ClientCredentials').upsert('machine', machine, 300);
      await store.adapter('ClientCredentials').upsert('other', { ...machine, clientId: 'x' }, 300);
      await store.clients.remove('grafana');
      await store.clients.save(client);
      expect(await alive(opened, login)).toEqual([false, false, false]);
      expect(await store.adapter('AuthorizationCode').find(login.code)).toBeUndefined();
      expect(await store.adapter('ClientCredentials').find('machine')).toBeUndefined();
      expect(await store.adapter('ClientCredentials').find('other')).toBeDefined();
    });

    it('goes while a device waits with claims that nest deeper than SQLite reads JSON', async () => {
      const { store, clock } = open();
      await store.clients.save(client);
      const claims = JSON.parse(`{"userinfo":{"email":${'['.repeat(1100)}${']'.repeat(1100)}}}`);
      const code = { clientId: 'grafana', userCode: 'ABCD-EFGH', exp: clock.now + 600 };
      const devices = store.adapter('DeviceCode');
      await devices.upsert('device', code, 600);
      await devices.upsert('device', { ...code, inFlight: true, claims }, 600);
      await devices.upsert('device', { ...code, accountId: 'userid:1', claims }, 600);
      expect(await devices.find('device')).toMatchObject({ accountId: 'userid:1', claims });
      expect(await store.clients.remove('grafana')).toBe(true);
      expect(await devices.find('device')).toBeUndefined();
    });
  });

  describe('keys', () => {
    const key: StoredKey = {
      id: 'kid-1',
      purpose: 'signing',
      algorithm: 'RS256',
      material: '{"kty":"RSA"}',
      createdAt: 10,
    };

    it('lists oldest first and never overwrites', async () => {
      const { store } = open();
      const { keys } = store;
      const older: StoredKey = { ...key, id: 'cookie', purpose: 'cookie', createdAt: 5 };
      await keys.add(key);
      await keys.add(older);
      await expect(keys.add({ ...key, material: 'other' })).rejects.toThrow(StoreError);
      expect(await keys.list()).toEqual([older, key]);
      // The refusal does not take the turn's other writes with it.
      await store.committed();
      expect(await keys.list()).toHaveLength(2);
    });
  });

  describe('imports', () => {
    it('lists oldest first, and keeps what is there', async () => {
      const { imports } = open().store;
      const item = { kind: 'client', name: 'grafana', digest: 'ab', at: 10 } as const;
      expect(await imports.add(item)).toBe(true);
      expect(await imports.add({ ...item, kind: 'key', at: 5 })).toBe(true);
      expect(await imports.add({ ...item, digest: 'cd' })).toBe(false);
      expect(await imports.list()).toEqual([item, { ...item, kind: 'key', at: 5 }]);
    });
  });

  describe('audit', () => {
    it('lists newest first, with every member', async () => {
      const { audit } = open().store;
      const full: AuditRecord = {
        at: 1,
        event: 'login',
        subject: 'userid:1',
        login: 'alice@example.com',
        device: 'nAlice',
        client: 'grafana',
        scope: 'openid email',
        reason: 'because',
        jti: ['a', 'b'],
        detail: { stale: true },
      };
      audit.append(full);
      audit.append({ at: 2, event: 'denial' });
      audit.append({ at: 2, event: 'logout' });
      expect(await audit.list(2)).toEqual([
        { id: 3, at: 2, event: 'logout' },
        { id: 2, at: 2, event: 'denial' },
      ]);
      expect(await audit.list(10)).toHaveLength(3);
      expect((await audit.list(10))[2]).toEqual({ ...full, id: 1 });
    });
  });
}
