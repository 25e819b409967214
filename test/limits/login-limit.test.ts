import { describe, expect, it } from 'vitest';
import { createLoginLimit } from '../../src/limits/login-limit.ts';
import { TestClock } from '../store/opened.ts';

const alice = { device: 'node nAlice', subject: 'userid:1' };
const bob = { device: 'node nBob', subject: 'userid:2' };

/** How many of so many tries pass. */
function passed(tries: number, take: () => number): number {
  return Array.from({ length: tries }, take).filter((wait) => wait === 0).length;
}

describe('T39 logins and pages in a minute', () => {
  it('are bounded for a device and for a person, and are nobody else’s', () => {
    const clock = new TestClock();
    const limit = createLoginLimit(clock, 600);
    expect(passed(1000, () => limit.takeLogin(alice))).toBe(600);
    const others = Array.from({ length: 50 }, (_, index) => ({
      ...alice,
      device: `node ${index}`,
    }));
    expect(passed(5000, () => limit.takeLogin(others[Math.floor(Math.random() * 50)]!))).toBe(600);
    expect(passed(1000, () => limit.takePage(alice))).toBe(120);
    expect(passed(600, () => limit.takeLogin(bob))).toBe(600);
    clock.now += 60;
    expect(passed(1000, () => limit.takeLogin(alice))).toBe(600);
  });

  it('are enough for forty tabs that renew themselves every ten seconds, and a script', () => {
    const clock = new TestClock();
    const limit = createLoginLimit(clock, 600);
    for (let second = 0; second < 600; second += 1) {
      const due = second % 10 === 0 ? 40 : 0;
      expect(passed(due + 5, () => limit.takeLogin(alice))).toBe(due + 5);
      clock.now += 1;
    }
  });
});
