import { chmod, link, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LocalApi, type LocalApiErrorCode } from '../../src/peer/local-api.ts';
import { createWhois } from '../../src/peer/whois.ts';
import { listenRaw, replay, socketDirectory, Tailscaled } from './tailscaled.ts';

const path = '/localapi/v0/status?peers=false';
const ok = replay({ path, status: 200, contentType: 'application/json', body: '{}' });

describe('T31 tailscaled is not there', () => {
  test('no socket', async () => {
    await using directory = await socketDirectory();
    const api = new LocalApi({ socket: directory.socket });
    await expect(api.get(path)).rejects.toMatchObject({ name: 'LocalApiError', code: 'absent' });
    await expect(api.get(path)).rejects.toThrow(directory.socket);
    await expect(api.get(path)).rejects.toThrow(/is tailscaled running\?/);
  });

  test('a socket that a dead tailscaled left behind', async () => {
    await using directory = await socketDirectory();
    {
      const living = `${directory.socket}.living`;
      await using _tailscaled = await Tailscaled.listen(living, ok);
      await link(living, directory.socket);
    }
    expect((await stat(directory.socket)).isSocket()).toBe(true);
    const api = new LocalApi({ socket: directory.socket });
    await expect(api.get(path)).rejects.toMatchObject({ code: 'refused' });
    await expect(api.get(path)).rejects.toThrow(/start tailscaled/);
  });

  test('nobody on the port of the macOS app', async () => {
    const tailscaled = await Tailscaled.listen(0, ok);
    const { port } = tailscaled;
    await tailscaled[Symbol.asyncDispose]();
    const api = new LocalApi({ port, token: 's3cret' });
    const asking = api.get(path);
    await expect(asking).rejects.toMatchObject({ code: 'refused' });
    await expect(asking).rejects.not.toThrow(/s3cret/);
  });

  test('a socket that our user may not open', async () => {
    await using directory = await socketDirectory();
    await using _tailscaled = await Tailscaled.listen(directory.socket, ok);
    const api = new LocalApi({ socket: directory.socket });
    await chmod(directory.socket, 0);
    using _nobody = notRoot();
    await expect(api.get(path)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(api.get(path)).rejects.toThrow(/rights of the socket/);
  });

  test('a path that can be no socket', async () => {
    await using directory = await socketDirectory();
    await mkdir(directory.socket);
    for (const socket of [directory.socket, join(directory.socket, 'x'.repeat(200))]) {
      const api = new LocalApi({ socket });
      await expect(api.get(path)).rejects.toMatchObject({ name: 'LocalApiError' });
    }
  });
});

/** For questions that are answered: a slow machine is not hung. */
const unhurried = { timeoutMs: 10_000 };

describe('T31 tailscaled hangs: every wait is bounded', () => {
  test.each<[string, string]>([
    ['before its answer', ''],
    ['inside the head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['inside the body', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"Node"'],
  ])('%s', async (_name, sent) => {
    await using directory = await socketDirectory();
    await using _server = await listenRaw(directory.socket, (connection) => connection.write(sent));
    const api = new LocalApi({ socket: directory.socket, timeoutMs: 50 });
    const asking = api.get(path);
    await expect(asking).rejects.toMatchObject({ code: 'timeout' });
    await expect(asking).rejects.toThrow('did not answer status within 50 ms');
  });

  test('a byte now and then buys no more time', async () => {
    await using directory = await socketDirectory();
    await using _server = await listenRaw(directory.socket, (connection) => {
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
      const timer = setInterval(() => connection.write('x'), 5);
      connection.on('close', () => clearInterval(timer));
    });
    const api = new LocalApi({ socket: directory.socket, timeoutMs: 100 });
    await expect(api.get(path)).rejects.toMatchObject({ code: 'timeout' });
  });

  test('waiting for a free connection counts', async () => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, () => undefined);
    const api = new LocalApi({ socket: directory.socket, timeoutMs: 100 });
    const all = await Promise.allSettled(Array.from({ length: 300 }, () => api.get(path)));
    for (const one of all) expect(one).toMatchObject({ reason: { code: 'timeout' } });
    expect(tailscaled.connections.length).toBeLessThan(100);
    tailscaled.answer = ok;
    expect((await api.get(path, unhurried)).status).toBe(200);
    api.close();
  });

  test('a late answer goes to nobody', async () => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, (_request, response) => {
      tailscaled.answer = (_next, nextResponse) => {
        response.end('late');
        nextResponse.end('in time');
      };
    });
    const api = new LocalApi({ socket: directory.socket, timeoutMs: 100 });
    await expect(api.get(path)).rejects.toMatchObject({ code: 'timeout' });
    expect((await api.get(path, unhurried)).text).toBe('in time');
    api.close();
  });

  test('a request may have a limit of its own', async () => {
    await using directory = await socketDirectory();
    await using _tailscaled = await Tailscaled.listen(directory.socket, () => undefined);
    const api = new LocalApi({ socket: directory.socket, timeoutMs: 60_000 });
    await expect(api.get(path, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' });
    api.close();
  });
});

describe('T31 something answers nonsense', () => {
  test.each<[string, string, LocalApiErrorCode]>([
    ['not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'nonsense'],
    ['binary', '\u0000\u0001\u0002\u0003\r\n\r\n', 'nonsense'],
    ['a head of 1 MB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(1_000_000)}\r\n\r\n`, 'nonsense'],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
      'nonsense',
    ],
    ['nothing at all', '', 'closed'],
    ['a cut head', 'HTTP/1.1 200 OK\r\nContent-Le', 'closed'],
    ['a cut body', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"No', 'closed'],
    ['a cut chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"No', 'closed'],
    // inside a body Node does not tell nonsense from a broken connection
    ['a bad chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{"No', 'closed'],
  ])('%s', async (_name, sent, code) => {
    await using directory = await socketDirectory();
    await using _server = await listenRaw(directory.socket, (connection) => {
      connection.once('data', () => connection.end(sent));
    });
    const api = new LocalApi({ socket: directory.socket });
    await expect(api.get(path)).rejects.toMatchObject({ name: 'LocalApiError', code });
  });

  test('10 MB', async () => {
    await using directory = await socketDirectory();
    const body = 'x'.repeat(10 * 1024 * 1024);
    const huge = { path, status: 200, contentType: 'application/json', body };
    await using _tailscaled = await Tailscaled.listen(directory.socket, replay(huge));
    const api = new LocalApi({ socket: directory.socket });
    await expect(api.get(path)).rejects.toMatchObject({ code: 'nonsense' });
    await expect(api.get(path)).rejects.toThrow(/larger than 4194304 bytes/);
    api.close();
  });

  test.each<[string, number, string, string, LocalApiErrorCode]>([
    ['a web page', 200, 'text/html', '<!doctype html><title>Welcome</title>', 'nonsense'],
    ['cut JSON', 200, 'application/json', '{"Node":{"ID":3,"Stab', 'nonsense'],
    ['wrong types', 200, 'application/json', '{"Node":["?"],"UserProfile":42}', 'nonsense'],
    ['an internal error', 500, 'text/plain', 'internal error\nstack\n', 'status'],
    ['a redirect', 302, 'text/html', '', 'status'],
    ['an empty success', 204, 'text/plain', '', 'status'],
    ['denied', 403, 'text/plain', 'invalid localapi request\n', 'forbidden'],
  ])('whois: %s', async (_name, status, contentType, body, code) => {
    await using directory = await socketDirectory();
    const exchange = { path, status, contentType, body };
    await using _tailscaled = await Tailscaled.listen(directory.socket, replay(exchange));
    const api = new LocalApi({ socket: directory.socket });
    const whois = createWhois({ api, clock: { nowSeconds: () => 0 } });
    const looking = whois.lookup('100.64.0.4', 1);
    await expect(looking).rejects.toMatchObject({ name: 'LocalApiError', code });
    await expect(looking).rejects.not.toThrow(/100\.64|stack/);
    api.close();
  });
});

/** Root may open everything: be nobody until the end of the scope. */
function notRoot(): Disposable {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  return {
    [Symbol.dispose]() {
      if (isRoot) process.seteuid?.(0);
    },
  };
}
