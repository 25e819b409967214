import { describe, expect, it } from 'vitest';
import { newId } from '../contract/login.ts';
import { openMemory } from '../opened.ts';

const lifeSeconds = 1000;

/** A session as oidc-provider saves it, read once by the request that is about to save it again. */
async function returning() {
  const opened = openMemory();
  const sessions = opened.store.adapter('Session');
  const id = newId();
  const payload = (more: object = {}) => ({
    iat: opened.clock.now,
    exp: opened.clock.now + lifeSeconds,
    uid: 'uid',
    accountId: 'userid:1',
    loginTs: 5,
    authorizations: { grafana: { sid: 's', grantId: 'first' } },
    kind: 'Session',
    jti: id,
    ...more,
  });
  const save = async (more?: object) => {
    const before = opened.store.commits;
    await sessions.upsert(id, payload(more), lifeSeconds);
    await opened.store.committed();
    return opened.store.commits > before;
  };
  await save();
  await sessions.find(id);
  return { ...opened, sessions, id, save };
}

describe('a session that comes back', () => {
  it('is not written again for its end and the last Grant alone', async () => {
    const { clock, save } = await returning();
    clock.now += 1;
    expect(await save({ authorizations: { grafana: { sid: 's', grantId: 'second' } } })).toBe(
      false,
    );
  });

  it.each([
    ['its person', { accountId: 'userid:2' }],
    ['its login', { loginTs: 6 }],
    ['its uid', { uid: 'other' }],
    ['what a page remembers in it', { state: { secret: 'x' } }],
    [
      'an app that is new to it',
      { authorizations: { grafana: { sid: 's' }, immich: { sid: 't' } } },
    ],
  ])('is written for %s', async (_what, more) => {
    const { save, sessions, id } = await returning();
    expect(await save(more)).toBe(true);
    expect(await sessions.find(id)).toMatchObject(more);
  });

  it('is written before a hundredth of its life is over, and then lives on', async () => {
    const { clock, save, sessions, id } = await returning();
    clock.now += lifeSeconds / 100;
    expect(await save()).toBe(true);
    expect(await sessions.find(id)).toMatchObject({ exp: clock.now + lifeSeconds });
  });

  it('is never shortened in silence', async () => {
    const { save, sessions, id } = await returning();
    expect(await save({ exp: 100 })).toBe(true);
    expect(await sessions.find(id)).toMatchObject({ exp: 100 });
  });

  it('T32 stays destroyed when another request saves it late', async () => {
    const { save, store, sessions, id } = await returning();
    await sessions.destroy(id);
    await store.committed();
    expect(await save()).toBe(false);
    expect(await sessions.find(id)).toBeUndefined();
  });

  it('is compared with what the same request read, and with nothing older', async () => {
    const { save } = await returning();
    expect(await save()).toBe(false);
    expect(await save()).toBe(true);
  });
});
