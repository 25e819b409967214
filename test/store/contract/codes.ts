import { describe, expect, it } from 'vitest';
import type { Open } from '../opened.ts';
import { alive, newId, saveLogin } from './login.ts';

const usedBefore = {
  error: 'invalid_grant',
  error_detail: 'authorization code already consumed',
};

/** T24 and T01's store side. */
export function codeContract(open: Open): void {
  describe('authorization codes', () => {
    it('works once', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const codes = opened.store.adapter('AuthorizationCode');
      expect(await codes.find(login.code)).not.toHaveProperty('consumed');
      await codes.consume(login.code);
      expect(await codes.find(login.code)).toMatchObject({ consumed: opened.clock.now });
      await opened.store.committed();
    });

    it('is unknown, and revokes nothing, under an ID that was never issued', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const codes = opened.store.adapter('AuthorizationCode');
      await expect(codes.consume(newId())).rejects.toMatchObject({ error: 'invalid_grant' });
      expect(await alive(opened, login)).toEqual([true, true, true]);
    });

    it('revokes what it issued when it comes twice, and only that', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const other = await saveLogin(opened);
      const codes = opened.store.adapter('AuthorizationCode');
      await codes.consume(login.code);
      await opened.store.committed();
      await expect(codes.consume(login.code)).rejects.toMatchObject(usedBefore);
      await opened.store.committed();
      expect(await alive(opened, login)).toEqual([false, false, false]);
      expect(await codes.find(login.code)).toBeUndefined();
      expect(await alive(opened, other)).toEqual([true, true, true]);
      expect(await codes.find(other.code)).toBeDefined();
    });

    it('has one winner among parallel requests, whose tokens die too', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const codes = opened.store.adapter('AuthorizationCode');
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, async () => {
          await codes.find(login.code);
          await codes.consume(login.code);
          await opened.store
            .adapter('AccessToken')
            .upsert(newId(), { grantId: login.grant, exp: opened.clock.now + 300 });
          await opened.store.committed();
        }),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await alive(opened, login)).toEqual([false, false, false]);
    });

    it('keeps tokens dead that are saved after the revocation', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      await opened.store.adapter('Grant').destroy(login.grant);
      const late = newId();
      const tokens = opened.store.adapter('AccessToken');
      await tokens.upsert(late, { grantId: login.grant, exp: opened.clock.now + 300 }, 300);
      expect(await tokens.find(late)).toBeUndefined();
      // A new Grant that takes over the freed row doesn't wake them.
      await saveLogin(opened);
      expect(await tokens.find(late)).toBeUndefined();
    });

    it('redeems other one-time records once', async () => {
      const opened = open();
      const records = opened.store.adapter('PushedAuthorizationRequest');
      await records.upsert('request', { request: 'jwt', exp: opened.clock.now + 60 }, 60);
      await records.consume('request');
      expect(await records.find('request')).toMatchObject({ consumed: opened.clock.now });
      await expect(records.consume('request')).rejects.toMatchObject({
        error: 'invalid_request_uri',
      });

      const login = await saveLogin(opened);
      const devices = opened.store.adapter('DeviceCode');
      const code = { grantId: login.grant, userCode: 'ABCD-EFGH', exp: opened.clock.now + 600 };
      await devices.upsert('device', code, 600);
      await devices.consume('device');
      await expect(devices.consume('device')).rejects.toMatchObject({ error: 'invalid_grant' });
      expect(await alive(opened, login)).toEqual([false, false, false]);
    });

    it('T24 lets one decide about a device code, however many look at it at once', async () => {
      const { store, clock } = open();
      const devices = store.adapter('DeviceCode');
      const exp = clock.now + 60;
      const save = (id: string, more: Record<string, unknown>) =>
        devices.upsert(id, { userCode: id, exp, ...more }, 60);
      const [allowed, refused] = [{ accountId: 'userid:1' }, { error: 'access_denied' }];
      const used = { error: 'invalid_request', error_description: 'this code was used already' };

      await save('one', {});
      await save('one', { inFlight: true });
      await expect(save('one', { inFlight: true })).rejects.toMatchObject(used);
      await save('one', { inFlight: true, ...allowed });
      await expect(save('one', refused)).rejects.toMatchObject(used);
      await expect(save('one', { accountId: 'userid:2' })).rejects.toMatchObject(used);
      expect(await devices.find('one')).toMatchObject(allowed);

      await save('two', { inFlight: true });
      await save('two', refused);
      await expect(save('two', { inFlight: true, ...allowed })).rejects.toMatchObject(used);
      expect(await devices.find('two')).toMatchObject(refused);
    });

    it('lets a proof pass once, and again a minute after it expired (T42)', async () => {
      const { store, clock } = open();
      const marks = store.adapter('ReplayDetection');
      const mark = () => marks.upsert('proof', { iss: 'client', exp: clock.now + 60 }, 60);
      const outcomes = await Promise.allSettled([mark(), mark(), mark()]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
      await expect(mark()).rejects.toMatchObject({ error: 'invalid_request' });
      clock.now += 119;
      await expect(mark()).rejects.toMatchObject({ error: 'invalid_request' });
      clock.now += 1;
      await mark();
      await store.committed();
    });

    it('remembers a proof to the end of the second in which it ends', async () => {
      const { store, clock } = open();
      const marks = store.adapter('ReplayDetection');
      const mark = () => marks.upsert('proof', { iss: 'client', exp: clock.now + 60.5 }, 60.5);
      await mark();
      clock.now += 120;
      await expect(mark()).rejects.toMatchObject({ error: 'invalid_request' });
      clock.now += 1;
      await mark();
      await store.committed();
    });
  });
}
