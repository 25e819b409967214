import { describe, expect, it } from 'vitest';
import { abuseCaseNames, attacks } from '../../bench/abuse/attacks.ts';
import { attackerAt, attackerDevices, personAt, personCount } from '../../bench/abuse/people.ts';
import { beyond, growth } from '../../bench/abuse/stored.ts';
import { type AbuseResult, brokenBy, readAbuseBudgets } from '../../bench/abuse/verdict.ts';

const good: AbuseResult = {
  case: 'abuse-pipelined',
  listener: 'demo',
  seconds: 12,
  attacker: { 401: 9000 },
  visits: 300,
  quietP50Ms: 8,
  quietP99Ms: 40,
  p50Ms: 10,
  p99Ms: 119,
  p99Ratio: 2.98,
  refusals: 0,
  rssMiBQuiet: 180,
  rssMiBPeak: 190,
  rssMiBAfter: 185,
  storedKiB: 50,
  leftRows: {},
  leftKiB: 0,
  filesMiB: 20,
  logKiBPerMinute: 10,
  daemonEnded: false,
  attackerEnded: true,
};
const budgets = {
  abuse: {
    p99Ratio: 3,
    p99FloorMs: 20,
    refusals: 0,
    rssGrowthMiB: 100,
    storedMiB: 4,
    leftMiB: 2,
    leftMiBPerDay: 1000,
    logKiBPerMinute: 500,
  },
  'abuse-idle': { rssGrowthMiB: 200 },
};

describe('an attack', () => {
  it.each<[string, Partial<AbuseResult>, string[]]>([
    ['that nobody notices', {}, []],
    ['that slows others down', { p99Ms: 121 }, ['abuse-pipelined: p99Ratio is 3.02, more than 3']],
    ['of which so little is noise', { quietP99Ms: 5, p99Ms: 59 }, []],
    [
      'of which that much is not',
      { quietP99Ms: 5, p99Ms: 61 },
      ['abuse-pipelined: p99Ratio is 3.05, more than 3'],
    ],
    [
      'that keeps somebody out',
      { refusals: 2, firstRefusal: 'socket hang up' },
      ['abuse-pipelined: refusals is 2.00, more than 0 (socket hang up)'],
    ],
    [
      'that takes memory for a moment',
      { rssMiBPeak: 290 },
      ['abuse-pipelined: rssGrowthMiB is 110.00, more than 100'],
    ],
    ['that may take more', { case: 'abuse-idle', rssMiBPeak: 290 }, []],
    [
      'that fills the database for a while',
      { storedKiB: 5100 },
      ['abuse-pipelined: storedMiB is 4.98, more than 4'],
    ],
    [
      'that fills the database',
      { leftKiB: 3072 },
      ['abuse-pipelined: leftMiB is 3.00, more than 2'],
    ],
    [
      'that would fill the disk',
      { leftMiBPerDay: 1200 },
      ['abuse-pipelined: leftMiBPerDay is 1200.00, more than 1000'],
    ],
    [
      'that fills the log',
      { logKiBPerMinute: 501 },
      ['abuse-pipelined: logKiBPerMinute is 501.00, more than 500'],
    ],
    ['that ends the daemon', { daemonEnded: true }, ['abuse-pipelined: the daemon ended']],
    [
      'that would go on',
      { attackerEnded: false },
      ['abuse-pipelined: the attacker did not end by itself'],
    ],
    [
      'that was not measured',
      { p99Ms: Number.NaN },
      ['abuse-pipelined: p99Ratio is NaN, more than 3'],
    ],
  ])('%s', (_, changed, broken) => {
    expect(brokenBy({ ...good, ...changed }, budgets)).toEqual(broken);
  });

  it('for a moment says nothing about times, and everything else', () => {
    expect(brokenBy({ ...good, p99Ms: 5000 }, budgets, true)).toEqual([]);
    expect(brokenBy({ ...good, p99Ms: 5000, refusals: 1 }, budgets, true)).toHaveLength(1);
  });

  it('has a name of its own, and each budget an attack', () => {
    expect(new Set(abuseCaseNames).size).toBe(attacks.length + 1);
    expect(abuseCaseNames).toEqual(expect.arrayContaining(Object.keys(readAbuseBudgets())));
  });

  it('has limits for all that can be broken', () => {
    expect(Object.keys(readAbuseBudgets()['abuse'] ?? {}).sort()).toEqual(
      Object.keys(budgets.abuse).sort(),
    );
  });
});

describe('rows that an attack leaves', () => {
  it('are those of no victim', () => {
    const quiet = growth({ codes: 1, grants: 1, audit: 5 }, { codes: 4, grants: 4, audit: 5 });
    const attacked = growth({ codes: 4, audit: 5 }, { codes: 2, grants: 3, audit: 9, clients: 1 });
    expect(quiet).toEqual({ codes: 3, grants: 3 });
    expect(beyond(quiet, attacked)).toEqual({ audit: 4, clients: 1 });
  });

  it('are not hidden by what the quiet phase took away', () => {
    expect(beyond({ codes: -10 }, { codes: 2 })).toEqual({ codes: 2 });
  });
});

it('everybody has a place of their own', () => {
  const people = Array.from({ length: personCount }, (_, index) => personAt(index));
  const devices = Array.from({ length: attackerDevices }, (_, index) => attackerAt(index));
  const all = [...people, ...devices];
  expect(new Set(all.map(({ loopback }) => loopback)).size).toBe(all.length);
  expect(new Set(all.map(({ address }) => address)).size).toBe(all.length);
});
