import { describe, expect, it } from 'vitest';
import { createRateLimit } from '../../src/limits/rate-limit.ts';

const by = (peer: string, clientId = 'app') => ({ clientId, peer });

function setUp() {
  const clock = {
    now: 1_800_000_000,
    nowSeconds() {
      return this.now;
    },
  };
  const limit = createRateLimit({ clock, windowSeconds: 60, each: 2, together: 3 });
  return { clock, ...limit };
}

describe('T14 how often one may, and all together', () => {
  it('counts each at each client, and a group as a whole', () => {
    const { take } = setUp();
    expect([take(by('a')), take(by('a')), take(by('a'))]).toEqual([0, 0, 60]);
    expect(take(by('a', 'other'))).toBe(0);
    expect([take(by('b'), 'g'), take(by('c'), 'g'), take(by('d'), 'g')]).toEqual([0, 0, 0]);
    expect(take(by('e'), 'g')).toBe(60);
    expect([take(by('e')), take(by('f'), 'h')]).toEqual([0, 0]);
  });

  it('takes from both or from none', () => {
    const { take } = setUp();
    expect([take(by('a')), take(by('a'))]).toEqual([0, 0]);
    for (let i = 0; i < 5; i++) expect(take(by('a'), 'g')).toBe(60);
    expect([take(by('b'), 'g'), take(by('c'), 'g'), take(by('d'), 'g')]).toEqual([0, 0, 0]);
    for (let i = 0; i < 5; i++) expect(take(by('e'), 'g')).toBe(60);
    expect([take(by('e')), take(by('e'))]).toEqual([0, 0]);
  });

  it('has room again when the window has passed, and gives back', () => {
    const { clock, take, giveBack } = setUp();
    take(by('a'), 'g');
    clock.now += 10;
    take(by('a'), 'g');
    take(by('b'), 'g');
    expect([take(by('a')), take(by('c'), 'g')]).toEqual([50, 50]);
    giveBack(by('b'), 'g');
    expect([take(by('c'), 'g'), take(by('c'), 'g')]).toEqual([0, 50]);
    clock.now += 50;
    expect([take(by('a'), 'g'), take(by('a'), 'g')]).toEqual([0, 10]);
  });
});
