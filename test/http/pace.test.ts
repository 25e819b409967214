import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createPace } from '../../src/http/pace.ts';

/** Who has begun, in this order, turn by turn. */
async function turns(perTurn: number, shares: readonly (string | undefined)[]): Promise<string[]> {
  const pace = createPace(perTurn);
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

it.each<[string, number, (string | undefined)[], string[]]>([
  ['one request', 2, ['a'], ['a']],
  ['a few requests of everybody', 2, ['a', 'b', 'a', 'b', 'c'], ['ababc']],
  ['many of one', 2, ['a', 'a', 'a', 'a', 'a', 'a', 'a'], ['aa', 'aa', 'aa', 'a']],
  ['another one’s among many', 2, ['a', 'a', 'a', 'a', 'a', 'b'], ['aab', 'aa', 'a']],
  ['many of two', 1, ['a', 'a', 'a', 'b', 'b', 'b'], ['ab', 'a', 'b', 'a', 'b']],
  ['nobody’s, as before', 1, [undefined, undefined, undefined], ['---']],
])('T38 %s', async (_, perTurn, shares, expected) => {
  expect(await turns(perTurn, shares)).toEqual(expected);
});

it('T38 who waits is not overtaken by what the same peer sends later', async () => {
  const pace = createPace(1);
  const order: number[] = [];
  const send = async (number: number) => {
    await pace('a');
    order.push(number);
  };
  const first = [send(1), send(2), send(3)];
  await nextTurn();
  await Promise.all([...first, send(4)]);
  expect(order).toEqual([1, 2, 3, 4]);
});
