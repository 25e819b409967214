import { describe, expect, it } from 'vitest';
import type { Open } from '../opened.ts';
import { alive, saveLogin } from './login.ts';

/** T24: live rows stay, dead ones go in small steps. */
export function sweepContract(open: Open): void {
  describe('sweep', () => {
    it('takes nothing that is alive', async () => {
      const opened = open();
      const { store, clock } = opened;
      const login = await saveLogin(opened);
      await store.adapter('InitialAccessToken').upsert('endless', { policies: [] });
      await store.adapter('Session').upsert('s', { uid: 'u', exp: clock.now + 60 }, 60);
      clock.now += 60;
      expect(await store.sweep(clock.now, 100)).toBe(0);
      expect(await store.adapter('AuthorizationCode').find(login.code)).toBeDefined();
      clock.now += 61;
      // Code and session are over by more than a minute.
      expect(await store.sweep(clock.now, 100)).toBe(2);
      expect(await store.adapter('AuthorizationCode').find(login.code)).toBeUndefined();
      expect(await alive(opened, login)).toEqual([true, true, true]);
      clock.now += 1_000_000;
      await store.sweep(clock.now, 100);
      expect(await alive(opened, login)).toEqual([false, false, false]);
      expect(await store.adapter('InitialAccessToken').find('endless')).toBeDefined();
      await store.committed();
    });

    it('goes in steps of the given size until nothing is left', async () => {
      const opened = open();
      for (let count = 0; count < 10; count += 1) await saveLogin(opened);
      const steps: number[] = [];
      for (;;) {
        const deleted = await opened.store.sweep(opened.clock.now + 100_000, 7);
        if (deleted === 0) break;
        steps.push(deleted);
      }
      expect(steps).toEqual([7, 7, 7, 7, 7, 5]);
    });

    it('is not held up by long-lived rows that came first', async () => {
      const { store, clock } = open();
      const tokens = store.adapter('AccessToken');
      for (let index = 0; index < 20; index += 1) {
        await tokens.upsert(`long-${index}`, { exp: clock.now + 90_000 });
      }
      await tokens.upsert('short', { exp: clock.now + 300 });
      expect(await store.sweep(clock.now + 1000, 5)).toBe(1);
      expect(await tokens.find('short')).toBeUndefined();
      expect(await tokens.find('long-0')).toBeDefined();
    });

    it('keeps a rotated family past its first end', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      opened.clock.now += 900;
      await opened.store.adapter('RefreshToken').consume(login.refresh);
      opened.clock.now += 950;
      await opened.store.sweep(opened.clock.now, 100);
      expect(await opened.store.adapter('Grant').find(login.grant)).toBeDefined();
    });
  });
}
