import { type Adapter, errors } from 'oidc-provider';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Ended } from '../../src/endings/ending.ts';
import { createEndings } from '../../src/endings/endings.ts';
import { modelAdapter } from '../../src/engine/model-adapter.ts';
import { nameOf } from '../../src/store/family-table.ts';
import { alive, type Login, newId, saveLogin } from '../store/contract/login.ts';
import { type Opened, openMemory } from '../store/opened.ts';

const dead = [false, false, false];
const living = [true, true, true];

describe('the store as oidc-provider uses it', () => {
  let opened: Opened;
  let login: Login;
  let heard: Ended[];
  let adapter: (model: string) => Adapter;

  beforeEach(async () => {
    opened = openMemory();
    login = await saveLogin(opened);
    heard = [];
    const { store, clock } = opened;
    const { clients, audit } = store;
    const hear = [(ended: Ended) => void heard.push(ended)];
    const endings = createEndings({ store, clients, audit, clock, hear });
    adapter = (model) => modelAdapter(model, store.adapter(model), { endings, clock });
    const device = { grantId: login.grant, userCode: 'ABCD-EFGH', exp: clock.now + 600 };
    await store.adapter('DeviceCode').upsert('device', device, 600);
  });

  it.each<[string, string, (login: Login) => string, string]>([
    ['T24 an authorization code', 'AuthorizationCode', ({ code }) => code, 'code-replay'],
    ['T24 a device code', 'DeviceCode', () => 'device', 'code-replay'],
    ['T03 a refresh token', 'RefreshToken', ({ refresh }) => refresh, 'refresh-replay'],
  ])('%s that comes again ends what the first one got, and only that', async (...row) => {
    const [, model, idOf, why] = row;
    const other = await saveLogin(opened);
    const used = adapter(model);
    await used.consume(idOf(login));
    opened.clock.now += 11;
    await expect(used.consume(idOf(login))).rejects.toThrow(errors.InvalidGrant);
    expect(await alive(opened, login)).toEqual(dead);
    expect(await alive(opened, other)).toEqual(living);
    const family = { kind: 'family', name: nameOf(login.grant) };
    expect(heard).toMatchObject([{ what: family, why }]);
    await opened.store.committed();
    const records = await opened.store.audit.list(10);
    expect(records).toMatchObject([{ event: 'revocation', jti: [family.name.slice(0, 28)] }]);
  });

  it('T24 of many with one code at once one wins, and its tokens die too', async () => {
    const codes = adapter('AuthorizationCode');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, async () => {
        await codes.find(login.code);
        await codes.consume(login.code);
        const token = { grantId: login.grant, exp: opened.clock.now + 300 };
        await adapter('AccessToken').upsert(newId(), token, 300);
        await opened.store.committed();
      }),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await alive(opened, login)).toEqual(dead);
    expect(heard).toHaveLength(1);
  });

  it('T24 what nobody knows ends nothing', async () => {
    await expect(adapter('AuthorizationCode').consume(newId())).rejects.toThrow(
      errors.InvalidGrant,
    );
    expect([await alive(opened, login), heard]).toEqual([living, []]);
  });

  it('a Grant ends with one word of it, and is heard of once', async () => {
    await adapter('AccessToken').revokeByGrantId(login.grant);
    expect(await alive(opened, login)).toEqual(living);
    await adapter('Grant').destroy(login.grant);
    await adapter('Grant').destroy(login.grant);
    expect(await alive(opened, login)).toEqual(dead);
    expect(heard).toHaveLength(1);
  });

  it('speaks of each outcome in the error that oidc-provider gives its clients', async () => {
    const exp = opened.clock.now + 60;
    const pushed = adapter('PushedAuthorizationRequest');
    await pushed.upsert('request', { exp }, 60);
    await pushed.consume('request');
    await expect(pushed.consume('request')).rejects.toThrow(errors.InvalidRequestUri);
    const marks = adapter('ReplayDetection');
    await marks.upsert('proof', { exp }, 60);
    await expect(marks.upsert('proof', { exp }, 60)).rejects.toMatchObject({
      error: 'invalid_request',
      error_description: 'this proof or assertion was used before',
    });
    const decided = { userCode: 'ABCD-EFGH', exp, accountId: 'userid:1' };
    await adapter('DeviceCode').upsert('device', decided, 60);
    await expect(adapter('DeviceCode').upsert('device', decided, 60)).rejects.toMatchObject({
      error: 'invalid_request',
      error_description: 'this code was used already',
    });
    await expect(adapter('Interaction').destroy(newId())).rejects.toThrow(errors.SessionNotFound);
    await adapter('AccessToken').destroy(newId());
  });
});
