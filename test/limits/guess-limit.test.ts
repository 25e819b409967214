import { expect, test } from 'vitest';
import { createGuessLimit } from '../../src/limits/guess-limit.ts';

const clock = {
  now: 1_800_000_000,
  nowSeconds() {
    return this.now;
  },
};
const by = (peer: string | number, clientId = 'app') => ({ peer: String(peer), clientId });

function setUp() {
  const limit = createGuessLimit({
    ...{ clock, windowSeconds: 60 },
    ...{ perPair: 3, perPeer: 5, perClient: 10, total: 20 },
  });
  return {
    ...limit,
    /** How many of `times` wrong guesses were looked at. */
    guess(who: ReturnType<typeof by>, times: number): number {
      let looked = 0;
      for (let time = 0; time < times; time += 1) {
        if (limit.waitSeconds(who) > 0) continue;
        limit.record(who);
        looked += 1;
      }
      return looked;
    },
  };
}

test('T40 one peer has so many at one client, and so many at all', () => {
  const { guess } = setUp();
  expect([guess(by('a'), 9), guess(by('a', 'b'), 9), guess(by('a', 'c'), 9)]).toEqual([3, 2, 0]);
  expect(guess(by('b'), 9)).toBe(3);
});

test('T40 all peers have so many at one client; then each that never failed has one', () => {
  const { guess } = setUp();
  const looked = Array.from({ length: 10 }, (_, peer) => guess(by(peer), 9));
  expect(looked).toEqual([3, 3, 3, 1, 1, 1, 1, 1, 1, 1]);
});

test('T40 all peers have so many at all clients', () => {
  const { guess } = setUp();
  const looked = Array.from({ length: 12 }, (_, peer) => guess(by(peer, `app${peer}`), 9));
  expect(looked).toEqual([3, 3, 3, 3, 3, 3, 2, 1, 1, 1, 1, 1]);
});

test('T40 totals hold back nobody who did not fail, and who failed for a window at most', () => {
  const { guess, waitSeconds, forget } = setUp();
  for (let peer = 0; peer < 50; peer += 1) guess(by(peer), 9);
  expect(waitSeconds(by('honest'))).toBe(0);
  expect(waitSeconds(by(40))).toBe(60);
  forget('app');
  expect(waitSeconds(by(40, 'app'))).toBe(60); // for the total of all
  clock.now += 60;
  expect(waitSeconds(by(40))).toBe(0);
});

test('T42 a clock that is set back makes nobody wait longer than the window', () => {
  const { guess, waitSeconds } = setUp();
  expect(guess(by('a'), 9)).toBe(3);
  clock.now -= 3600;
  expect(waitSeconds(by('a'))).toBe(60);
  clock.now += 60;
  expect(waitSeconds(by('a'))).toBe(0);
});
