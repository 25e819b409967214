import { expect, test } from 'vitest';
import { Refused } from '../../src/resource/refused.ts';
import { type ProofOwner, replayGuard } from '../../src/resource/replays.ts';

function setUp() {
  let now = 1_800_000_000;
  const isNew = replayGuard(() => now);
  let jti = 0;
  return {
    isNew,
    pass: (seconds: number) => {
      now += seconds;
    },
    /** How many new proofs of `times` were taken. */
    send(owner: ProofOwner, times: number): number {
      let taken = 0;
      for (let time = 0; time < times; time += 1) {
        jti += 1;
        try {
          if (isNew(owner, `proof ${jti}`, now + 70)) taken += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(Refused);
        }
      }
      return taken;
    },
  };
}

test('a proof is taken once, of each key', () => {
  const { isNew } = setUp();
  const owner = { key: 'a', subject: 'userid:1' };
  expect(isNew(owner, 'x', 1_800_000_070)).toBe(true);
  expect(isNew(owner, 'x', 1_800_000_070)).toBe(false);
  expect(isNew({ ...owner, key: 'b' }, 'x', 1_800_000_070)).toBe(true);
});

test('T38 one key fills a third, and another of the same subject has room beside it', () => {
  const { send, isNew, pass } = setUp();
  const subject = 'userid:1';
  expect(isNew({ key: 'a', subject }, 'first', 1_800_000_070)).toBe(true);
  expect(send({ key: 'a', subject }, 60_000)).toBeLessThan(34_000);
  expect(send({ key: 'b', subject }, 10_000)).toBe(10_000);
  // what was seen stays seen, however full it is
  expect(isNew({ key: 'a', subject }, 'first', 1_800_000_070)).toBe(false);
  pass(71);
  expect(send({ key: 'a', subject }, 30_000)).toBe(30_000);
});

test('T38 a subject with any number of keys leaves room for another', () => {
  const { send } = setUp();
  let taken = 0;
  for (let key = 0; key < 600; key += 1)
    taken += send({ key: `a${key}`, subject: 'userid:1' }, 200);
  expect(taken).toBeLessThanOrEqual(50_000);
  expect(send({ key: 'b', subject: 'userid:2' }, 10_000)).toBe(10_000);
});
