import { describe, expect, it } from 'vitest';
import type { Open, Opened } from '../opened.ts';
import { newId } from './login.ts';

const waitSeconds = 120;
const lifeSeconds = 100_000;

interface Begun {
  readonly grant: string;
  readonly session: string;
  readonly uid: string;
  readonly code: string;
}

type Source = 'AuthorizationCode' | 'DeviceCode';

/** What `/authorize` writes: Grant and session that wait for a code. */
async function begin(
  { store, clock }: Opened,
  source: Source = 'AuthorizationCode',
): Promise<Begun> {
  const begun = { grant: newId(), session: newId(), uid: newId(), code: newId() };
  const exp = clock.now + lifeSeconds;
  await store.adapter('Grant').upsert(begun.grant, { kind: 'Grant', exp, waitSeconds });
  await store.adapter(source).upsert(begun.code, {
    grantId: begun.grant,
    sessionUid: begun.uid,
    exp: clock.now + 60,
  });
  await saveSession({ store, clock }, begun);
  return begun;
}

async function saveSession({ store, clock }: Opened, { session, uid }: Begun, more = {}) {
  const exp = clock.now + lifeSeconds;
  await store.adapter('Session').upsert(session, { uid, exp, waitSeconds, ...more });
}

/** When Grant and session end, in seconds from now; undefined for what is not found. */
async function left({ store, clock }: Opened, { grant, session }: Begun) {
  const found = await store.adapter('Grant').find(grant);
  const browser = await store.adapter('Session').find(session);
  const end = (payload: typeof found) => payload && Number(payload['exp']) - clock.now;
  return { grant: end(found), session: browser && (browser['waitSeconds'] ?? end(browser)) };
}

/** T39: what waits for a code ends with it; what was redeemed does not. */
export function redemptionContract(open: Open): void {
  describe('T39 Grant and session of a code', () => {
    const waiting = { grant: waitSeconds, session: waitSeconds };
    const whole = { grant: lifeSeconds, session: lifeSeconds };

    it.each<Source>(['AuthorizationCode', 'DeviceCode'])(
      'wait for it, and have their whole lives with the commit that redeems it (%s)',
      async (source) => {
        const opened = open();
        const begun = await begin(opened, source);
        expect(await left(opened, begun)).toEqual(waiting);
        await opened.store.committed();
        const { commits } = opened.store;
        await opened.store.adapter(source).consume(begun.code);
        await opened.store.committed();
        expect(opened.store.commits).toBe(commits + 1);
        expect(await left(opened, begun)).toEqual(whole);
      },
    );

    it('are gone after it, but for what was redeemed', async () => {
      const opened = open();
      const [lost, used] = [await begin(opened), await begin(opened)];
      await opened.store.adapter('AuthorizationCode').consume(used.code);
      opened.clock.now += waitSeconds;
      expect(await left(opened, lost)).toEqual({ grant: 0, session: undefined });
      opened.clock.now += 61;
      expect(await opened.store.sweep(opened.clock.now, 100)).toBe(4);
      expect(await left(opened, lost)).toEqual({});
      expect(await left(opened, used)).toMatchObject({ grant: lifeSeconds - waitSeconds - 61 });
      await opened.store.committed();
    });

    it('stay as they are when another code of the same session is lost', async () => {
      const opened = open();
      const used = await begin(opened);
      await opened.store.adapter('AuthorizationCode').consume(used.code);
      // a request that read the session before the redemption
      await saveSession(opened, used);
      expect(await left(opened, used)).toEqual(whole);
      // and one that read it afterwards and gives it a new ID
      const renewed = { ...used, session: newId() };
      await opened.store.adapter('Session').destroy(used.session);
      await saveSession(opened, renewed, { waitSeconds: undefined });
      expect(await left(opened, renewed)).toEqual(whole);
      await opened.store.committed();
    });

    it('wait on when they are saved again, and never less', async () => {
      const opened = open();
      const begun = await begin(opened);
      await saveSession(opened, begun, { waitSeconds: 900 });
      await saveSession(opened, begun, { waitSeconds: 60 });
      expect(await left(opened, begun)).toMatchObject({ session: 900 });
      const known = await opened.store.adapter('Session').findByUid(begun.uid);
      expect(known).toMatchObject({ waitSeconds: 900 });
      await opened.store.committed();
    });

    it('have nothing of a code that comes twice', async () => {
      const opened = open();
      const begun = await begin(opened);
      const codes = opened.store.adapter('AuthorizationCode');
      expect(await codes.consume(begun.code)).toEqual({ outcome: 'redeemed' });
      expect(await codes.consume(begun.code)).toMatchObject({ outcome: 'replayed' });
      // as whoever hears of it does
      await opened.store.adapter('Grant').destroy(begun.grant);
      expect((await left(opened, begun)).grant).toBeUndefined();
      await opened.store.committed();
    });

    it('have no whole life when the session was ended first', async () => {
      const opened = open();
      const begun = await begin(opened);
      await opened.store.adapter('SessionEnd').upsert('end', { uid: begun.uid }, lifeSeconds);
      await opened.store.adapter('Session').destroy(begun.session);
      await opened.store.adapter('AuthorizationCode').consume(begun.code);
      expect(await left(opened, begun)).toMatchObject({ grant: waitSeconds });
      // the end is known for longer than anything that could come of it
      opened.clock.now += waitSeconds + 61;
      await opened.store.sweep(opened.clock.now, 100);
      expect(await opened.store.adapter('SessionEnd').find('end')).toBeDefined();
      expect(await left(opened, begun)).toEqual({});
      opened.clock.now += 3600;
      expect(await opened.store.sweep(opened.clock.now, 100)).toBe(1);
      await opened.store.committed();
    });

    it('remember an end for good where something was redeemed', async () => {
      const opened = open();
      const begun = await begin(opened);
      await opened.store.adapter('AuthorizationCode').consume(begun.code);
      await opened.store.adapter('SessionEnd').upsert('end', { uid: begun.uid }, lifeSeconds);
      opened.clock.now += lifeSeconds;
      await opened.store.sweep(opened.clock.now, 100);
      expect(await opened.store.adapter('SessionEnd').find('end')).toBeDefined();
      await opened.store.committed();
    });
  });
}
