import { describe, expect, it } from 'vitest';
import { createTokenLimit, type Family, type Taker } from '../../src/limits/token-limit.ts';
import { TestClock } from '../store/opened.ts';

const family: Family = { grantId: 'one', clientId: 'grafana', subject: 'userid:1' };
const machine: Taker = { clientId: 'node-nCi', peer: 'node nCi', subject: undefined };

/** How many of so many tries pass. */
function passed(tries: number, take: (index: number) => number): number {
  return Array.from({ length: tries }, (_, index) => take(index)).filter((wait) => wait === 0)
    .length;
}

describe('T39 tokens in a minute', () => {
  it('refreshes are bounded for a login and for a person at a client, and are nobody else’s', () => {
    const clock = new TestClock();
    const limit = createTokenLimit(clock, 600);
    expect(passed(1000, () => limit.takeRefresh(family))).toBe(600);
    const of = (index: number) => ({ ...family, grantId: `more ${index}` });
    expect(passed(5000, (index) => limit.takeRefresh(of(index % 50)))).toBe(600);
    const bobs = { ...family, grantId: 'bob', subject: 'userid:2' };
    expect(passed(600, () => limit.takeRefresh(bobs))).toBe(600);
    const elsewhere = { ...family, grantId: 'else', clientId: 'wiki' };
    expect(passed(600, () => limit.takeRefresh(elsewhere))).toBe(600);
    clock.now += 60;
    expect(passed(1000, () => limit.takeRefresh(family))).toBe(600);
  });

  it('tokens and exchanges are bounded for a client at a device, by person and together', () => {
    const clock = new TestClock();
    const limit = createTokenLimit(clock, 600);
    expect(passed(1000, () => limit.takeToken(machine))).toBe(600);
    expect(passed(1000, () => limit.takeToken({ ...machine, subject: 'userid:1' }))).toBe(600);
    const forMany = (index: number) => ({ ...machine, subject: `userid:${index + 2}` });
    expect(passed(9000, (index) => limit.takeToken(forMany(index % 500)))).toBe(8 * 600);
    expect(passed(600, () => limit.takeToken({ ...machine, peer: 'node nOther' }))).toBe(600);
    expect(passed(600, () => limit.takeToken({ ...machine, clientId: 'by-tag' }))).toBe(600);
    clock.now += 60;
    expect(passed(1000, () => limit.takeToken(machine))).toBe(600);
  });
});
