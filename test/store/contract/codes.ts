import { describe, expect, it } from 'vitest';
import { nameOf } from '../../../src/store/family-table.ts';
import type { Open } from '../opened.ts';
import { alive, newId, saveLogin } from './login.ts';

const replayed = (login: { readonly grant: string }) => ({
  outcome: 'replayed',
  family: nameOf(login.grant),
});

/** T24 and T01's store side. */
export function codeContract(open: Open): void {
  describe('authorization codes', () => {
    it('works once', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const codes = opened.store.adapter('AuthorizationCode');
      expect(await codes.find(login.code)).not.toHaveProperty('consumed');
      expect(await codes.consume(login.code)).toEqual({ outcome: 'redeemed' });
      expect(await codes.find(login.code)).toMatchObject({ consumed: opened.clock.now });
      await opened.store.committed();
    });

    it('is unknown under an ID that was never issued', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const codes = opened.store.adapter('AuthorizationCode');
      expect(await codes.consume(newId())).toEqual({ outcome: 'unknown' });
      expect(await alive(opened, login)).toEqual([true, true, true]);
    });

    it('names its family when it comes twice, and decides nothing about it', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const codes = opened.store.adapter('AuthorizationCode');
      await codes.consume(login.code);
      await opened.store.committed();
      expect(await codes.consume(login.code)).toEqual(replayed(login));
      expect(await alive(opened, login)).toEqual([true, true, true]);
    });

    it('has one winner among parallel requests', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const codes = opened.store.adapter('AuthorizationCode');
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, async () => {
          await codes.find(login.code);
          return codes.consume(login.code);
        }),
      );
      await opened.store.committed();
      expect(outcomes.filter(({ outcome }) => outcome === 'redeemed')).toHaveLength(1);
      expect(outcomes.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(19);
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
      expect(await records.consume('request')).toEqual({ outcome: 'replayed', family: undefined });
      expect(await records.consume('other')).toEqual({ outcome: 'unknown' });

      const login = await saveLogin(opened);
      const devices = opened.store.adapter('DeviceCode');
      const code = { grantId: login.grant, userCode: 'ABCD-EFGH', exp: opened.clock.now + 600 };
      await devices.upsert('device', code, 600);
      expect(await devices.consume('device')).toEqual({ outcome: 'redeemed' });
      expect(await devices.consume('device')).toEqual(replayed(login));
    });

    it('T24 lets one decide about a device code, however many look at it at once', async () => {
      const { store, clock } = open();
      const devices = store.adapter('DeviceCode');
      const exp = clock.now + 60;
      const save = (id: string, more: Record<string, unknown>) =>
        devices.upsert(id, { userCode: id, exp, ...more }, 60);
      const [allowed, refused] = [{ accountId: 'userid:1' }, { error: 'access_denied' }];

      await save('one', {});
      expect(await save('one', { inFlight: true })).toBe('stored');
      expect(await save('one', { inFlight: true })).toBe('used');
      await save('one', { inFlight: true, ...allowed });
      expect(await save('one', refused)).toBe('used');
      expect(await save('one', { accountId: 'userid:2' })).toBe('used');
      expect(await devices.find('one')).toMatchObject(allowed);

      await save('two', { inFlight: true });
      await save('two', refused);
      expect(await save('two', { inFlight: true, ...allowed })).toBe('used');
      expect(await devices.find('two')).toMatchObject(refused);
    });

    it('lets a proof pass once, and again a minute after it expired (T42)', async () => {
      const { store, clock } = open();
      const marks = store.adapter('ReplayDetection');
      const mark = () => marks.upsert('proof', { iss: 'client', exp: clock.now + 60 }, 60);
      expect(await Promise.all([mark(), mark(), mark()])).toEqual(['stored', 'used', 'used']);
      expect(await mark()).toBe('used');
      clock.now += 119;
      expect(await mark()).toBe('used');
      clock.now += 1;
      expect(await mark()).toBe('stored');
      await store.committed();
    });

    it('remembers a proof to the end of the second in which it ends', async () => {
      const { store, clock } = open();
      const marks = store.adapter('ReplayDetection');
      const mark = () => marks.upsert('proof', { iss: 'client', exp: clock.now + 60.5 }, 60.5);
      await mark();
      clock.now += 120;
      expect(await mark()).toBe('used');
      clock.now += 1;
      expect(await mark()).toBe('stored');
      await store.committed();
    });
  });
}
