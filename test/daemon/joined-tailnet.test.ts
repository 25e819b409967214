import { expect, test } from 'vitest';
import { tellOnce } from '../../src/daemon/joined-tailnet.ts';

test('what is waited for is told when it is new, and once a minute', () => {
  const told: string[] = [];
  let now = 1000;
  const tell = tellOnce((text) => told.push(text), { nowSeconds: () => now });
  for (; now < 1121; now += 1) tell('it is away');
  tell('it is NeedsLogin');
  tell('it is away');
  expect(told).toEqual([
    'it is away',
    'it is away',
    'it is away',
    'it is NeedsLogin',
    'it is away',
  ]);
});
