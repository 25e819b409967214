import { describe, expect, test, vi } from 'vitest';
import { LocalApi, LocalApiError } from '../../src/peer/local-api.ts';
import { type StatusWatch, watchStatus } from '../../src/peer/status.ts';
import { changedStatus as changed } from './changed.ts';
import { fakeTimers } from './fake-timers.ts';
import { recorded } from './recorded.ts';
import { replay, socketDirectory, Tailscaled } from './tailscaled.ts';

/** Lets promises that can go on do so. */
const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

/** A watch over a LocalAPI that answers what the test says, and a clock that it moves. */
function setup(json: string) {
  let seconds = 1000;
  let answer = () => Promise.resolve({ status: 200, headers: {}, text: json });
  let asked = 0;
  const onChange = vi.fn();
  const status = watchStatus({
    api: {
      get: () => {
        asked += 1;
        return answer();
      },
    },
    clock: { nowSeconds: () => seconds },
    intervalSeconds: 3600,
    retrySeconds: 3600,
    onChange,
  });
  return {
    onChange,
    asked: () => asked,
    pass(passed: number) {
      seconds += passed;
    },
    answer(instead: string | Error) {
      answer = () =>
        instead instanceof Error
          ? Promise.reject(instead)
          : Promise.resolve({ status: 200, headers: {}, text: instead });
    },
    status,
    [Symbol.dispose]: () => status.stop(),
  };
}

describe('watchStatus', () => {
  test('before the first answer', () => {
    using watch = setup(changed({}));
    expect(watch.status.current()).toBeUndefined();
    expect(watch.status.failure()).toBeUndefined();
    expect(watch.status.staleSeconds()).toBe(Number.POSITIVE_INFINITY);
    expect(watch.asked()).toBe(1);
  });

  test('counts how long the control server is away', async () => {
    using watch = setup(changed({}));
    const { status, pass, answer } = watch;
    await status.refresh();
    pass(100);
    expect(status.staleSeconds()).toBe(0);
    answer(recorded('status-control-unreachable').body);
    await status.refresh();
    expect(status.staleSeconds()).toBe(100);
    pass(50);
    await status.refresh();
    expect(status.staleSeconds()).toBe(150);
    answer(changed({}));
    await status.refresh();
    expect(status.staleSeconds()).toBe(0);
  });

  test('asks each second, so that how long the control server is away is exact to it', async () => {
    using timers = fakeTimers();
    const answers = [changed({}), changed({}), recorded('status-control-unreachable').body];
    let asked = 0;
    const status = watchStatus({
      api: {
        get: async () => ({ status: 200, headers: {}, text: answers[Math.min(asked++, 2)] ?? '' }),
      },
      clock: { nowSeconds: () => 0 },
    });
    for (let second = 1; second <= 4; second += 1) {
      await settled();
      expect(asked).toBe(second);
      timers.pass(1000);
    }
    status.stop();
  });

  test('offline is stale from its first second on', async () => {
    using watch = setup(changed({}));
    await watch.status.refresh();
    watch.answer(recorded('status-control-unreachable').body);
    await watch.status.refresh();
    expect(watch.status.staleSeconds()).toBe(1);
  });

  test('never seen online, a restart does not begin a new hour', async () => {
    using watch = setup(recorded('status-control-unreachable').body);
    await watch.status.refresh();
    expect(watch.status.staleSeconds()).toBe(Number.POSITIVE_INFINITY);
  });

  test('online counts only while Running', async () => {
    using watch = setup(changed({ BackendState: 'NeedsLogin' }));
    await watch.status.refresh();
    expect(watch.status.staleSeconds()).toBe(Number.POSITIVE_INFINITY);
  });

  test('T31 keeps the last answer while tailscaled is away, and says why', async () => {
    using watch = setup(changed({}));
    const { status, pass, answer } = watch;
    const before = await status.refresh();
    const away = new LocalApiError('absent', 'no socket');
    answer(away);
    await expect(status.refresh()).rejects.toBe(away);
    pass(7);
    expect(status.current()).toBe(before);
    expect(status.failure()).toBe(away);
    expect(status.staleSeconds()).toBe(7);
    answer('nonsense');
    await expect(status.refresh()).rejects.toMatchObject({ code: 'nonsense' });
    expect(status.current()).toBe(before);
    answer(changed({}));
    await status.refresh();
    expect(status.failure()).toBeUndefined();
    expect(status.staleSeconds()).toBe(0);
  });

  test('tells changes, and only those', async () => {
    using watch = setup(changed({}));
    const { status, answer, onChange } = watch;
    await status.refresh();
    await status.refresh();
    expect(onChange).toHaveBeenCalledTimes(1);
    answer(recorded('status-needs-login').body);
    await status.refresh();
    expect(onChange).toHaveBeenCalledTimes(2);
    expect(onChange).toHaveBeenLastCalledWith(status.current(), undefined);
    answer(new LocalApiError('absent', 'no socket'));
    await status.refresh().catch(() => undefined);
    await status.refresh().catch(() => undefined);
    expect(onChange).toHaveBeenCalledTimes(3);
    expect(onChange).toHaveBeenLastCalledWith(status.current(), status.failure());
  });

  test('a storm of refreshes is one question under way and one after it', async () => {
    using watch = setup(changed({}));
    await Promise.all(Array.from({ length: 100 }, () => watch.status.refresh()));
    expect(watch.asked()).toBe(2);
  });

  test('a refresh never gives the answer to an older question', async () => {
    using watch = setup(changed({}));
    watch.answer(recorded('status-needs-login').body); // the first question is under way
    expect(await watch.status.refresh()).toMatchObject({ backendState: 'NeedsLogin' });
  });
});

describe('T31 over a socket', () => {
  test('recovers by itself, without being asked', async () => {
    await using directory = await socketDirectory();
    const api = new LocalApi({ socket: directory.socket, timeoutMs: 100 });
    const clock = { nowSeconds: () => 1000 };
    const status = watchStatus({ api, clock, intervalSeconds: 0.02, retrySeconds: 0.02 });
    await until(status, ({ code }) => code === 'absent');
    for (let life = 0; life < 2; life += 1) {
      const answer = replay(recorded('status-running-tun'));
      await using tailscaled = await Tailscaled.listen(directory.socket, answer);
      await until(status, ({ code }) => code === undefined);
      expect(status.current()).toMatchObject({ backendState: 'Running' });
      tailscaled.answer = () => undefined;
      await until(status, ({ code }) => code === 'timeout');
      tailscaled.answer = (_request, response) => void response.writeHead(500).end('broken\n');
      await until(status, ({ code }) => code === 'status');
    }
    status.stop();
    api.close();
  });

  test('stop ends the questions', async () => {
    const watched = () => {
      const get = vi.fn(() => Promise.resolve({ status: 200, headers: {}, text: changed({}) }));
      const clock = { nowSeconds: () => 1000 };
      return { get, status: watchStatus({ api: { get }, clock, intervalSeconds: 0.001 }) };
    };
    const stopped = watched();
    const other = watched();
    await vi.waitFor(() => expect(stopped.get.mock.calls.length).toBeGreaterThan(3), {
      timeout: 5000,
    });
    stopped.status.stop();
    await stopped.status.refresh(); // asks once more, as told, and goes on no more
    const asked = stopped.get.mock.calls.length;
    const later = other.get.mock.calls.length + 20;
    await vi.waitFor(() => expect(other.get.mock.calls.length).toBeGreaterThan(later), {
      timeout: 5000,
    });
    other.status.stop();
    expect(stopped.get).toHaveBeenCalledTimes(asked);
  });

  async function until(
    status: StatusWatch,
    holds: (state: { code: string | undefined }) => boolean,
  ): Promise<void> {
    await vi.waitFor(
      () => {
        const failure = status.failure();
        const code = failure instanceof LocalApiError ? failure.code : undefined;
        expect(status.current() ?? failure).toBeDefined();
        expect(holds({ code })).toBe(true);
      },
      { timeout: 5000, interval: 5 },
    );
  }
});
