import { expect, test } from 'vitest';
import { exceeded, readBudgets } from '../../bench/budgets.ts';
import { cases } from '../../bench/cases.ts';
import { percentile } from '../../bench/measure.ts';
import type { Result } from '../../bench/run-case.ts';

const good: Result = {
  case: 'memory',
  algorithm: 'RS256',
  connections: 16,
  visit: 'returning',
  listener: 'demo',
  warmUpLogins: 8000,
  logins: 20_000,
  loginsPerSecond: 700,
  p50Ms: 20,
  p99Ms: 99,
  cpuMsPerLogin: 1.4,
  rssMiBAtStart: 130,
  rssMiBHalfway: 190,
  rssMiBAfter: 190,
  cpuMsPerRs256Signature: 0.25,
  signaturesPerLogin: 5.6,
  startToReadyMs: 500,
};

test('every budget belongs to a case', () => {
  const names = cases.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(Object.keys(readBudgets())));
});

test.each<[string, Partial<Result>, string[]]>([
  ['within all', {}, []],
  ['slow', { p99Ms: 101 }, ['memory: p99Ms is 101.00, more than 100']],
  [
    'too much',
    { rssMiBHalfway: 250, rssMiBAfter: 251 },
    ['memory: rssMiBAfter is 251.00, more than 250'],
  ],
  ['growing', { rssMiBHalfway: 160 }, ['memory: rssGrowth is 1.19, more than 1.15']],
  ['not measured', { p99Ms: Number.NaN }, ['memory: p99Ms is NaN, more than 100']],
  ['without a budget', { case: 'es256-1', p99Ms: 1000 }, []],
])('%s', (_, changed, expected) => {
  expect(exceeded({ ...good, ...changed }, readBudgets())).toEqual(expected);
});

test('percentiles are by nearest rank', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(percentile(values, 0.5)).toBe(100);
  expect(percentile(values, 0.99)).toBe(198);
  expect(percentile([7], 0.99)).toBe(7);
  expect(() => percentile([], 0.5)).toThrow('no values');
});
