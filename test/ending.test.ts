import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { endingOn } from '../src/ending.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('npm passes on what the terminal sent, too: one Ctrl-C that comes twice cuts nothing off', () => {
  const process = new EventEmitter();
  const ending = endingOn(process as NodeJS.Process, ['SIGTERM', 'SIGINT']);
  expect(ending.aborted).toBe(false);
  process.emit('SIGINT');
  expect(ending.aborted).toBe(true);
  vi.advanceTimersByTime(999);
  // with nobody who listens, the process would end at once
  expect(process.emit('SIGINT')).toBe(true);
  vi.advanceTimersByTime(1);
  expect(process.emit('SIGINT')).toBe(false);
  expect(process.emit('SIGTERM')).toBe(true);
});
