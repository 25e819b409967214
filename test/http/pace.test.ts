import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createPace, type PaceOptions } from '../../src/http/pace.ts';

/** Who has begun, in this order, turn by turn. */
async function turns(options: PaceOptions, shares: readonly (string | undefined)[]) {
  const pace = createPace({ nowMs: () => 0, ...options });
  let begun = '';
  const all = shares.map(async (share) => {
    await pace(share);
    begun += share ?? '-';
  });
  const seen: string[] = [];
  while (seen.join('').length < shares.length) {
    // what did not have to wait
    await Promise.resolve();
    seen.push(begun);
    begun = '';
    await nextTurn();
  }
  await Promise.all(all);
  return seen;
}

const two = { perSecond: 2, perTurn: 2 };
const none = { perSecond: 0, perTurn: 2 };
it.each<[string, PaceOptions, (string | undefined)[], string[]]>([
  ['one request', two, ['a'], ['a']],
  ['a few requests of everybody', two, ['a', 'b', 'a', 'b', 'c'], ['ababc']],
  ['many of one', two, ['a', 'a', 'a', 'a', 'a', 'a', 'a'], ['aa', 'aa', 'aa', 'a']],
  ['another one’s among many', two, ['a', 'a', 'a', 'a', 'a', 'b'], ['aab', 'aa', 'a']],
  ['many of many', none, ['a', 'a', 'a', 'b', 'b', 'c'], ['', 'ab', 'ca', 'ba']],
  ['nobody’s, as before', none, [undefined, undefined, undefined], ['---']],
])('T38 %s', async (_, options, shares, expected) => {
  expect(await turns(options, shares)).toEqual(expected);
});

it('T38 nobody is overtaken by what the same peer sends later', async () => {
  let nowMs = 0;
  const pace = createPace({ perSecond: 1, perTurn: 1, nowMs: () => nowMs });
  const order: number[] = [];
  const send = async (number: number) => {
    await pace('a');
    order.push(number);
  };
  const first = [send(1), send(2), send(3)];
  await nextTurn();
  nowMs = 1000;
  await Promise.all([...first, send(4)]);
  expect(order).toEqual([1, 2, 3, 4]);
  // its allowance is there again
  nowMs = 2000;
  expect(pace('a')).toBeUndefined();
  expect(pace('a')).toBeInstanceOf(Promise);
});
