import { describe, expect, it } from 'vitest';
import { nameOf } from '../../../src/store/family-table.ts';
import type { Open, Opened } from '../opened.ts';
import { alive, saveLogin, saveRefresh } from './login.ts';

const replayed = (grant: string) => ({ outcome: 'replayed', family: nameOf(grant) });

async function rotate(opened: Opened, grant: string, id: string, rotations: number) {
  expect(await opened.store.adapter('RefreshToken').consume(id)).toEqual({ outcome: 'redeemed' });
  return saveRefresh(opened, grant, rotations + 1);
}

/** T03: rotation, the grace window, and what ends a family. */
export function familyContract(open: Open): void {
  describe('refresh token families', () => {
    it('rotates again and again', async () => {
      const opened = open();
      const { grant, refresh } = await saveLogin(opened);
      const tokens = opened.store.adapter('RefreshToken');
      let current = refresh;
      for (let rotations = 0; rotations < 5; rotations += 1) {
        expect(await tokens.find(current)).not.toHaveProperty('consumed');
        current = await rotate(opened, grant, current, rotations);
        opened.clock.now += 100;
      }
      expect(await tokens.find(current)).toMatchObject({ rotations: 5, grantId: grant });
    });

    it('gives parallel requests siblings of one family, of which the first used retires the rest', async () => {
      const opened = open();
      const { grant, refresh } = await saveLogin(opened);
      const tokens = opened.store.adapter('RefreshToken');
      const siblings = await Promise.all(
        Array.from({ length: 10 }, () => rotate(opened, grant, refresh, 0)),
      );
      await opened.store.committed();
      for (const sibling of siblings) {
        expect(await tokens.find(sibling)).not.toHaveProperty('consumed');
      }
      const next = await rotate(opened, grant, siblings[3]!, 1);
      for (const sibling of siblings.filter((_, index) => index !== 3)) {
        expect(await tokens.find(sibling)).toHaveProperty('consumed', opened.clock.now);
      }
      expect(await tokens.find(next)).not.toHaveProperty('consumed');
    });

    it('has one winner of a generation, so parallel use of two siblings is a replay', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const tokens = opened.store.adapter('RefreshToken');
      const siblings = [
        await rotate(opened, login.grant, login.refresh, 0),
        await rotate(opened, login.grant, login.refresh, 0),
      ];
      expect(await Promise.all(siblings.map((id) => tokens.consume(id)))).toEqual([
        { outcome: 'redeemed' },
        replayed(login.grant),
      ]);
    });

    it('accepts a late repeat up to the last second of the grace window', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const tokens = opened.store.adapter('RefreshToken');
      await rotate(opened, login.grant, login.refresh, 0);
      opened.clock.now += 10;
      expect(await tokens.find(login.refresh)).not.toHaveProperty('consumed');
      await rotate(opened, login.grant, login.refresh, 0);
      expect(await alive(opened, login)).toEqual([true, true, true]);
    });

    it('measures the grace window from the rotation, not from a repeat', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      await rotate(opened, login.grant, login.refresh, 0);
      opened.clock.now += 6;
      await rotate(opened, login.grant, login.refresh, 0);
      opened.clock.now += 6;
      const again = await opened.store.adapter('RefreshToken').consume(login.refresh);
      expect(again).toEqual(replayed(login.grant));
    });

    it('names the family on a replay after the grace window, and decides nothing about it', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const tokens = opened.store.adapter('RefreshToken');
      await rotate(opened, login.grant, login.refresh, 0);
      const rotatedAt = opened.clock.now;
      opened.clock.now += 11;
      expect(await tokens.find(login.refresh)).toMatchObject({ consumed: rotatedAt });
      expect(await tokens.consume(login.refresh)).toEqual(replayed(login.grant));
      expect(await alive(opened, login)).toEqual([true, true, true]);
    });

    it('tells a replay when a token comes back after its successor was used', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const tokens = opened.store.adapter('RefreshToken');
      const next = await rotate(opened, login.grant, login.refresh, 0);
      await rotate(opened, login.grant, next, 1);
      expect(await tokens.find(login.refresh)).toHaveProperty('consumed');
      expect(await tokens.consume(login.refresh)).toEqual(replayed(login.grant));
    });

    it('refuses every token of a family whose Grant is gone', async () => {
      const opened = open();
      const login = await saveLogin(opened);
      const tokens = opened.store.adapter('RefreshToken');
      await opened.store.adapter('Grant').destroy(login.grant);
      expect(await alive(opened, login)).toEqual([false, false, false]);
      expect(await tokens.consume(login.refresh)).toEqual({ outcome: 'unknown' });
    });

    it('lives as long as its newest token', async () => {
      const opened = open();
      const { grant, refresh } = await saveLogin(opened);
      const began = opened.clock.now;
      let current = refresh;
      const ends: unknown[] = [];
      for (const [rotations, age] of [800, 1500, 2200, 2900].entries()) {
        opened.clock.now = began + age;
        current = await rotate(opened, grant, current, rotations);
        ends.push((await opened.store.adapter('Grant').find(grant))?.['exp']);
      }
      expect(ends).toEqual([began + 1800, began + 2500, began + 3200, began + 3900]);
    });

    it.each([0, 3])("prefers a token's own grace of %i s", async (graceSeconds) => {
      const opened = open();
      const { grant, refresh } = await saveLogin(opened);
      const tokens = opened.store.adapter('RefreshToken');
      await tokens.upsert(refresh, { ...(await tokens.find(refresh)), graceSeconds }, 1000);
      await rotate(opened, grant, refresh, 0);
      opened.clock.now += graceSeconds;
      const found = expect(await tokens.find(refresh));
      if (graceSeconds === 0) found.toHaveProperty('consumed');
      else found.not.toHaveProperty('consumed');
      opened.clock.now += 1;
      expect(await tokens.find(refresh)).toHaveProperty('consumed');
      expect(await tokens.consume(refresh)).toEqual(replayed(grant));
    });

    it('T03 beyond the usual grace calls a token used up, and answers once more', async () => {
      const opened = open();
      const { grant, refresh } = await saveLogin(opened);
      const tokens = opened.store.adapter('RefreshToken');
      const graceSeconds = 1800;
      await tokens.upsert(refresh, { ...(await tokens.find(refresh)), graceSeconds }, 4000);
      await rotate(opened, grant, refresh, 0);
      const rotatedAt = opened.clock.now;
      opened.clock.now += 10;
      expect(await tokens.find(refresh)).not.toHaveProperty('consumed');
      opened.clock.now += 1790;
      const late = { consumed: rotatedAt, lateSeconds: graceSeconds };
      expect(await tokens.find(refresh)).toMatchObject(late);
      await rotate(opened, grant, refresh, 0);
      const again = await tokens.find(refresh);
      expect(again).toHaveProperty('consumed');
      expect(again).not.toHaveProperty('lateSeconds');
      expect(await tokens.consume(refresh)).toEqual(replayed(grant));
    });

    it('T03 knows no grace after its end, however long it was', async () => {
      const opened = open();
      const { grant, refresh } = await saveLogin(opened);
      const tokens = opened.store.adapter('RefreshToken');
      const given = { ...(await tokens.find(refresh)), graceSeconds: 1800 };
      await tokens.upsert(refresh, given, 4000);
      await rotate(opened, grant, refresh, 0);
      opened.clock.now += 1801;
      expect(await tokens.find(refresh)).not.toHaveProperty('lateSeconds');
      expect(await tokens.consume(refresh)).toEqual(replayed(grant));
    });

    it('is not cut short by a rotation when its Grant was given a longer life', async () => {
      const opened = open();
      const { grant, refresh } = await saveLogin(opened);
      const grants = opened.store.adapter('Grant');
      const exp = opened.clock.now + 9000;
      await grants.upsert(grant, { ...(await grants.find(grant)), exp }, 9000);
      await rotate(opened, grant, refresh, 0);
      expect(await grants.find(grant)).toMatchObject({ exp });
    });

    it('keeps its generation and its end when the Grant is saved again', async () => {
      const opened = open();
      const { grant, refresh } = await saveLogin(opened);
      const grants = opened.store.adapter('Grant');
      const before = await grants.find(grant);
      opened.clock.now += 500;
      await rotate(opened, grant, refresh, 0);
      await grants.upsert(grant, { ...before, openid: { scope: 'openid email' } }, 1000);
      opened.clock.now += 11;
      expect(await opened.store.adapter('RefreshToken').find(refresh)).toHaveProperty('consumed');
      expect(await grants.find(grant)).toMatchObject({
        openid: { scope: 'openid email' },
        exp: opened.clock.now - 11 + 1000,
      });
    });
  });
}
