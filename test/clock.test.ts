import { describe, expect, it } from 'vitest';
import { ageSeconds, elapsedSeconds, momentNow } from '../src/clock.ts';

const now = 1_800_000_000;

describe('T42 an age', () => {
  it.each([
    ['now', now, 0],
    ['a while ago', now - 600, 600],
    ['a usual step of the clock', now + 2, 0],
    ['in the future', now + 3, Number.POSITIVE_INFINITY],
    ['ten minutes in the future', now + 600, Number.POSITIVE_INFINITY],
    ['never', 0, now],
  ])('%s', (_, then, age) => {
    expect(ageSeconds(now, then)).toBe(age);
  });

  it('has a tolerance of its own where one is given', () => {
    expect(ageSeconds(now, now + 60, 60)).toBe(0);
    expect(ageSeconds(now, now + 61, 60)).toBe(Number.POSITIVE_INFINITY);
    expect(ageSeconds(now, now + 1, 0)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('T42 what has passed in this process', () => {
  const clock = {
    now,
    nowSeconds() {
      return this.now;
    },
  };

  it('is the longer of what both clocks say', () => {
    const begun = { ...momentNow(clock), monotonicMs: performance.now() - 5000 };
    expect(Math.floor(elapsedSeconds(begun, clock))).toBe(5);
    clock.now = now + 100;
    expect(elapsedSeconds(begun, clock)).toBe(100);
    clock.now = now - 600;
    expect(Math.floor(elapsedSeconds(begun, clock))).toBe(5);
  });
});
