import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { watchBus } from '../../src/peer/bus.ts';
import { LocalApi } from '../../src/peer/local-api.ts';
import { fakeTimers } from './fake-timers.ts';
import { recordedBus } from './recorded.ts';
import { listenRaw, socketDirectory, Tailscaled } from './tailscaled.ts';

const path = '/localapi/v0/watch-ipn-bus?mask=28674';

describe('stream', () => {
  test('recorded lines, wherever the chunks are cut', async () => {
    await using directory = await socketDirectory();
    const bytes = Buffer.from(`${recordedBus().join('\n')}\n`);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 777) }, (_, index) =>
      bytes.subarray(index * 777, (index + 1) * 777),
    );
    await using _tailscaled = await Tailscaled.listen(directory.socket, (_, response) =>
      Readable.from(pieces).pipe(response),
    );
    const lines: string[] = [];
    const api = new LocalApi({ socket: directory.socket });
    await api.stream(path, (line) => lines.push(line), new AbortController().signal);
    expect(lines).toEqual(recordedBus());
  });

  test('a line of 10 MB is cut, and the next one comes', async () => {
    await using directory = await socketDirectory();
    await using _tailscaled = await Tailscaled.listen(directory.socket, (_, response) =>
      response.end(`{"a":"${'x'.repeat(10 * 1024 * 1024)}"}\n{}\n`),
    );
    const lines: string[] = [];
    const api = new LocalApi({ socket: directory.socket });
    await api.stream(path, (line) => lines.push(line), new AbortController().signal);
    expect(lines.map(({ length }) => length)).toEqual([1024 * 1024, 2]);
  });

  test('has no time limit once it began', async () => {
    await using directory = await socketDirectory();
    const opened = Promise.withResolvers<ServerResponse>();
    await using tailscaled = await Tailscaled.listen(directory.socket, (_, response) => {
      response.write('one\n');
      opened.resolve(response);
    });
    using timers = fakeTimers();
    const lines: string[] = [];
    const api = new LocalApi({ socket: directory.socket, timeoutMs: 50 });
    const begun = Promise.withResolvers<void>();
    const onLine = (line: string) => {
      lines.push(line);
      begun.resolve();
    };
    const streaming = api.stream(path, onLine, new AbortController().signal);
    await begun.promise;
    timers.pass(3_600_000);
    (await opened.promise).end('two\n');
    await streaming;
    expect(lines).toEqual(['one', 'two']);
    tailscaled.answer = () => undefined;
    const hung = expect(
      api.stream(path, () => undefined, new AbortController().signal),
    ).rejects.toMatchObject({ code: 'timeout' });
    await once(tailscaled, 'request');
    timers.pass(50);
    await hung;
  });

  test.each<[string, string, string]>([
    ['another status', 'HTTP/1.1 400 Bad\r\nContent-Length: 9\r\n\r\nbad mask\n', 'status'],
    ['denied', 'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n', 'forbidden'],
    ['not HTTP', 'hello\n', 'nonsense'],
    ['a break', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n', 'closed'],
  ])('%s', async (_name, sent, code) => {
    await using directory = await socketDirectory();
    await using _server = await listenRaw(directory.socket, (connection) => {
      connection.once('data', () => connection.end(sent));
    });
    const api = new LocalApi({ socket: directory.socket });
    const streaming = api.stream(path, () => undefined, new AbortController().signal);
    await expect(streaming).rejects.toMatchObject({ name: 'LocalApiError', code });
  });

  test('ends with its signal, its connection closed', async () => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, (_, response) =>
      response.write('{}\n'),
    );
    const api = new LocalApi({ socket: directory.socket });
    const ending = new AbortController();
    const streaming = api.stream(path, () => ending.abort(), ending.signal);
    const [connection] = await once(tailscaled, 'connection');
    await Promise.all([streaming, once(connection, 'close')]);
    await api.stream(path, () => undefined, ending.signal);
    expect(tailscaled.asked).toHaveLength(1);
  });
});

/** A bus that the test writes to, and a reader of it. */
async function setup(socket: string) {
  const readers: ServerResponse[] = [];
  const tailscaled = await Tailscaled.listen(socket, (_, response) => {
    readers.push(response);
    response.write(`${recordedBus()[0]}\n`);
  });
  const ending = new AbortController();
  const onChange = vi.fn();
  const onUp = vi.fn();
  const watching = watchBus({
    // short enough for the one that hangs, long enough for a slow machine
    api: new LocalApi({ socket, timeoutMs: 1000 }),
    onChange,
    onUp,
    signal: ending.signal,
    minPauseMs: 5,
    maxPauseMs: 40,
  });
  await called(onUp, 1);
  return {
    tailscaled,
    readers,
    onChange,
    onUp,
    ending,
    watching,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await watching;
      await tailscaled[Symbol.asyncDispose]();
    },
  };
}

async function called(callback: ReturnType<typeof vi.fn>, times: number): Promise<void> {
  const limits = { interval: 2, timeout: 5000 };
  await vi.waitFor(() => expect(callback).toHaveBeenCalledTimes(times), limits);
}

describe('watchBus', () => {
  test('every line but the first is a change', async () => {
    await using directory = await socketDirectory();
    await using bus = await setup(directory.socket);
    expect(bus.tailscaled.asked).toEqual([path]);
    expect(bus.onChange).not.toHaveBeenCalled();
    const [, ...later] = recordedBus();
    bus.readers[0]?.write(`${later.join('\n')}\n`);
    await called(bus.onChange, later.length);
    expect(bus.onUp).toHaveBeenCalledTimes(1);
  });

  test('T31 an end is a change, and so is the new beginning', async () => {
    await using directory = await socketDirectory();
    await using bus = await setup(directory.socket);
    bus.readers[0]?.end();
    await called(bus.onUp, 2);
    expect(bus.onChange).toHaveBeenCalledTimes(2);
    bus.readers[1]?.destroy();
    await called(bus.onUp, 3);
    expect(bus.onChange).toHaveBeenCalledTimes(4);
  });

  test('T31 tailscaled away for a while, hung, answering nonsense: heard again without a restart', async () => {
    await using directory = await socketDirectory();
    await using bus = await setup(directory.socket);
    await bus.tailscaled[Symbol.asyncDispose]();
    await called(bus.onChange, 1);
    {
      const asked = vi.fn();
      await using _server = await listenRaw(directory.socket, (connection) => {
        asked();
        connection.once('data', () => connection.end('hello\n'));
      });
      await vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThan(3), { timeout: 5000 });
    }
    await using again = await Tailscaled.listen(directory.socket, () => undefined);
    await vi.waitFor(() => expect(again.asked.length).toBeGreaterThan(1), { timeout: 5000 });
    expect(bus.onChange).toHaveBeenCalledTimes(1);
    again.answer = (_, response) => response.write('{}\n');
    await called(bus.onUp, 2);
    expect(bus.onChange).toHaveBeenCalledTimes(2);
  });

  test('ends while it waits', async () => {
    const ending = new AbortController();
    const stream = vi.fn(() => Promise.reject(new Error('away')));
    const watching = watchBus({
      api: { stream },
      onChange: () => undefined,
      signal: ending.signal,
      minPauseMs: 3_600_000,
    });
    await called(stream, 1);
    ending.abort();
    await watching;
    expect(stream).toHaveBeenCalledTimes(1);
  });

  test('waits longer after each failure, up to a limit', async () => {
    const ending = new AbortController();
    const times: number[] = [];
    const stream = async () => {
      times.push(performance.now());
      if (times.length === 6) ending.abort();
      throw new Error('away');
    };
    const onChange = vi.fn();
    await watchBus({
      api: { stream },
      onChange,
      signal: ending.signal,
      minPauseMs: 10,
      maxPauseMs: 40,
    });
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    // a timer may be a millisecond early
    for (const [index, atLeast] of [9, 19, 39, 39, 39].entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(atLeast);
    }
    expect(onChange).not.toHaveBeenCalled();
  });
});
