import { describe, expect, it } from 'vitest';
import { createLoad, type Place } from '../../src/http/load.ts';

const enter = (load: ReturnType<typeof createLoad>, share?: string, stranger = false): Place => {
  const place = load.enter(share, stranger);
  if (!place.ok) throw new Error(`refused: ${place.reason}`);
  return place;
};

describe('T38 requests under way', () => {
  it('a peer has its share, and the others theirs', () => {
    const load = createLoad(10, 2);
    const first = enter(load, 'alice');
    enter(load, 'alice');
    expect(load.enter('alice', false)).toEqual({ ok: false, reason: 'peer' });
    enter(load, 'bob');
    first.leave();
    enter(load, 'alice');
  });

  it('nobody has more than half, whatever the share says', () => {
    const load = createLoad(5, 100);
    for (let count = 0; count < 3; count += 1) enter(load, 'alice');
    expect(load.enter('alice', false)).toEqual({ ok: false, reason: 'peer' });
    enter(load, 'bob');
    enter(load, 'bob');
    expect(load.shedding).toBe(true);
    expect(load.enter('carol', false)).toEqual({ ok: false, reason: 'all' });
  });

  it('what is nobody’s yet counts for all, and for its share once that is known', () => {
    const load = createLoad(10, 2);
    const places = [enter(load), enter(load), enter(load)];
    expect(places.map((place) => place.claim('alice'))).toEqual([true, true, false]);
    // one that moves on leaves its share
    expect(places[0]?.claim('bob')).toBe(true);
    expect(places[2]?.claim('alice')).toBe(true);
    expect(places[1]?.claim('alice')).toBe(true);
    for (const place of places) place.leave();
    enter(load, 'alice');
    enter(load, 'alice');
    expect(load.enter('alice', false).ok).toBe(false);
  });

  it('T30 strangers together have half', () => {
    const load = createLoad(4, 100);
    const first = enter(load, '203.0.113.1', true);
    enter(load, '203.0.113.2', true);
    expect(load.enter('203.0.113.3', true)).toEqual({ ok: false, reason: 'all' });
    enter(load, 'alice');
    first.leave();
    enter(load, '203.0.113.3', true);
  });

  it('draining ends with the last', async () => {
    const load = createLoad(4, 2);
    const place = enter(load, 'alice');
    const drained = load.drain(60_000);
    expect(load.enter('bob', false)).toEqual({ ok: false, reason: 'all' });
    place.leave();
    await drained;
  });
});
