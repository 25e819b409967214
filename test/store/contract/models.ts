import { describe, expect, it } from 'vitest';
import type { Open } from '../opened.ts';
import { newId, saveLogin } from './login.ts';

const models = [
  'Grant',
  'AuthorizationCode',
  'AccessToken',
  'RefreshToken',
  'Session',
  'Interaction',
  'PushedAuthorizationRequest',
  'DeviceCode',
  'ClientCredentials',
  'RegistrationAccessToken',
  'InitialAccessToken',
  'BackchannelAuthenticationRequest',
];

/** Models whose tokens live only with their Grant. */
const withGrant = ['AuthorizationCode', 'AccessToken', 'RefreshToken', 'DeviceCode'];

/** T11: one character changed at each place, cut short, lengthened. */
function alterations(id: string): string[] {
  const changed = Array.from(id, (character, index) => {
    const other = character === 'A' ? 'B' : 'A';
    return id.slice(0, index) + other + id.slice(index + 1);
  });
  return [...changed, id.slice(0, -1), id.slice(1), `${id}A`, `${id}=`, `${id}\0`, ` ${id}`, ''];
}

export function modelContract(open: Open): void {
  describe.each(models)('%s', (model) => {
    async function saved() {
      const opened = open();
      const { grant } = await saveLogin(opened);
      const id = newId();
      const payload = {
        jti: id,
        kind: model,
        uid: 'uid',
        clientId: 'grafana',
        userCode: 'WXYZ-1234',
        params: { scope: 'openid', nested: { list: [1, 'ü', null] } },
        iat: opened.clock.now,
        exp: opened.clock.now + 100,
        ...(withGrant.includes(model) ? { grantId: grant } : {}),
      };
      await opened.store.adapter(model).upsert(id, payload, 100);
      return { ...opened, id, payload, adapter: opened.store.adapter(model) };
    }

    it('comes back as it was saved', async () => {
      const { adapter, id, payload } = await saved();
      expect(await adapter.find(id)).toEqual(payload);
      const changed = { ...payload, params: { scope: 'email' }, exp: payload.exp + 10 };
      await adapter.upsert(id, changed, 110);
      expect(await adapter.find(id)).toEqual(changed);
    });

    it('is found under its exact ID only', async () => {
      const { adapter, id } = await saved();
      for (const altered of alterations(id)) expect(await adapter.find(altered)).toBeUndefined();
      expect(await adapter.find(id)).toBeDefined();
    });

    it('is not found under the ID of another model', async () => {
      const { store, id } = await saved();
      for (const other of models.filter((name) => name !== model)) {
        expect(await store.adapter(other).find(id)).toBeUndefined();
      }
    });

    it('is gone when destroyed', async () => {
      const { adapter, id } = await saved();
      // of two requests that would go on with one login, one does
      expect(await adapter.destroy(newId())).toBe(false);
      expect(await adapter.find(id)).toBeDefined();
      expect(await adapter.destroy(id)).toBe(true);
      expect(await adapter.find(id)).toBeUndefined();
      expect(await adapter.destroy(id)).toBe(false);
    });
  });

  it.each(withGrant)('%s dies with its Grant', async (model) => {
    const opened = open();
    const { grant } = await saveLogin(opened);
    const adapter = opened.store.adapter(model);
    const id = newId();
    await adapter.upsert(id, { jti: id, grantId: grant, exp: opened.clock.now + 100 }, 100);
    const grants = opened.store.adapter('Grant');
    await grants.destroy(newId());
    expect(await adapter.find(id)).toBeDefined();
    await grants.destroy(grant);
    expect(await adapter.find(id)).toBeUndefined();
  });

  describe('second keys', () => {
    it('finds a session by its uid, without its ID, and can save and destroy it so', async () => {
      const { store, clock } = open();
      const sessions = store.adapter('Session');
      await sessions.upsert('cookie', { jti: 'cookie', uid: 'uid-1', exp: clock.now + 9 }, 9);
      expect(await sessions.findByUid('uid-2')).toBeUndefined();
      const found = await sessions.findByUid('uid-1');
      expect(found).toMatchObject({ uid: 'uid-1' });
      const standIn = String(found?.['jti']);
      expect(standIn).not.toContain('cookie');
      expect(await sessions.find(standIn)).toBeUndefined();
      await sessions.upsert(standIn, { ...found, accountId: 'userid:2' }, 9);
      expect(await sessions.find('cookie')).toEqual({
        jti: 'cookie',
        uid: 'uid-1',
        accountId: 'userid:2',
        exp: clock.now + 9,
      });
      await sessions.destroy(standIn);
      expect(await sessions.find('cookie')).toBeUndefined();
    });

    it('finds the session by uid after its ID changed', async () => {
      const { store, clock } = open();
      const sessions = store.adapter('Session');
      const payload = { uid: 'uid-1', exp: clock.now + 9 };
      await sessions.upsert('old', { ...payload, jti: 'old' }, 9);
      await sessions.destroy('old');
      await sessions.upsert('new', { ...payload, jti: 'new', loginTs: 5 }, 9);
      expect(await sessions.findByUid('uid-1')).toMatchObject({ loginTs: 5 });
      expect(await sessions.find('old')).toBeUndefined();
    });

    it('finds a device code by its user code', async () => {
      const { store, clock } = open();
      const devices = store.adapter('DeviceCode');
      const payload = { userCode: 'ABCD-EFGH', params: { scope: 'openid' }, exp: clock.now + 9 };
      await devices.upsert('device', { ...payload, jti: 'device' }, 9);
      expect(await devices.findByUserCode('ABCD-EFGI')).toBeUndefined();
      expect(await devices.findByUserCode('ABCD-EFGH')).toEqual({ ...payload, jti: 'device' });
      await devices.upsert('device', { ...payload, jti: 'device', accountId: 'userid:1' }, 9);
      expect(await devices.findByUserCode('ABCD-EFGH')).toMatchObject({ accountId: 'userid:1' });
      await devices.destroy('device');
      expect(await devices.findByUserCode('ABCD-EFGH')).toBeUndefined();
    });

    it('has no client adapter', () => {
      const { store } = open();
      expect(() => store.adapter('Client')).toThrow(TypeError);
    });

    it('refuses to consume what has no such notion', async () => {
      const { store } = open();
      await expect(store.adapter('Session').consume('id')).rejects.toThrow(TypeError);
    });
  });
}
