import { expect, test } from 'vitest';
import { createControlWatch, neverConnected } from '../../src/peer/control-watch.ts';
import { parseStatus } from '../../src/peer/status.ts';
import { fakeTimers } from './fake-timers.ts';
import { recorded } from './recorded.ts';

const online = parseStatus(recorded('status-running-tun').body);
const away = parseStatus(recorded('status-control-unreachable').body);
const loggedOut = parseStatus(recorded('status-needs-login').body);

function setUp() {
  const said: string[] = [];
  const watch = createControlWatch({
    log: {
      info: (words) => void said.push(`info ${words}`),
      warn: (words) => void said.push(`warn ${words}`),
    },
    staleNetworkMapSeconds: 600,
    patienceMs: 1000,
  });
  return { said, watch };
}

test('an interruption is told once it lasts, once, and so is its end', () => {
  using timers = fakeTimers();
  const { said, watch } = setUp();
  watch.see(online, 0);
  watch.see(away, 1);
  timers.pass(999);
  watch.see(away, 2);
  expect(said).toEqual([]);
  timers.pass(1);
  expect(said).toEqual([expect.stringMatching(/^warn .*lost the control server: .* for 600 s/u)]);
  watch.see({ ...away, health: ['other'] }, 3);
  timers.pass(5000);
  expect(said).toHaveLength(1);
  watch.see(online, 0);
  expect(said[1]).toBe('info tailscaled is connected to the control server again');
  watch.see(online, 0);
  expect(said).toHaveLength(2);
});

test('a short one, as at each start of tailscaled, is not', () => {
  using timers = fakeTimers();
  const { said, watch } = setUp();
  watch.see(away, Number.POSITIVE_INFINITY);
  timers.pass(999);
  watch.see(online, 0);
  timers.pass(5000);
  expect(said).toEqual([]);
});

test('one that began before this daemon lets nobody in, and that is told', () => {
  using timers = fakeTimers();
  const { said, watch } = setUp();
  watch.see(away, Number.POSITIVE_INFINITY);
  timers.pass(1000);
  expect(said).toEqual([`warn ${neverConnected}`]);
});

test('a node that is logged out is another trouble, and nothing is told after the end', () => {
  using timers = fakeTimers();
  const { said, watch } = setUp();
  watch.see(away, 1);
  watch.see(loggedOut, 2);
  timers.pass(5000);
  watch.see(away, 1);
  watch.stop();
  timers.pass(5000);
  expect(said).toEqual([]);
});
