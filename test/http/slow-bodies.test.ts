import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlowBodies } from '../../src/http/slow-bodies.ts';

let close: () => void;
let port: number;
let ended: string[];

beforeEach(async () => {
  ended = [];
  const bodies = createSlowBodies({
    bytesPerSecond: 1_000_000,
    graceMs: 100,
    checkMs: 10,
    onEnded: ({ url = '' }: IncomingMessage) => ended.push(url),
  });
  const server = createServer(
    bodies.watch((request, response) => {
      // one that waits for something else before it reads
      if (request.url === '/later') {
        setTimeout(() => request.resume(), 300);
      } else if (request.url !== '/unread') request.resume();
      if (request.url === '/unread') response.end('read not');
      request.on('end', () => setTimeout(() => response.end('read'), 200));
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
  close = () => {
    bodies.stop();
    server.closeAllConnections();
    server.close();
  };
});
afterEach(() => close());

async function send(text: string): Promise<{ socket: Socket; all: Promise<string> }> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += String(chunk);
  });
  socket.on('error', () => undefined);
  const all = once(socket, 'close').then(() => received);
  await once(socket, 'connect');
  socket.write(text);
  return { socket, all };
}

const head = (path: string, length: number, more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n${more}\r\n`;

describe('T38 a body that comes too slowly', () => {
  it('ends its request with 408', async () => {
    const { all } = await send(`${head('/slow', 100)}abc`);
    expect(await all).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n\r\n$/);
    expect(ended).toEqual(['/slow']);
  });

  it('ends however it is announced, and however it dribbles', async () => {
    const chunked = 'POST /chunks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const { socket, all } = await send(chunked);
    const dribble = setInterval(() => socket.write('1\r\na\r\n'), 10);
    expect(await all).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(dribble);
    expect(ended).toEqual(['/chunks']);
  });

  it('ends its connection also after an answer that did not wait for it', async () => {
    const { all } = await send(`${head('/unread', 100)}abc`);
    expect(await all).toMatch(/^HTTP\/1\.1 200 OK\r\n(?!.*HTTP\/1\.1)/s);
    expect(ended).toEqual(['/unread']);
  });

  it.each([
    ['a body that is here', `${head('/here', 3, 'Connection: close\r\n')}abc`],
    ['an empty one', head('/empty', 0, 'Connection: close\r\n')],
    ['none', 'GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    [
      'one that we are late to read',
      `${head('/later', 300_000, 'Connection: close\r\n')}${'a'.repeat(300_000)}`,
    ],
  ])('is not %s', async (_what, text) => {
    const { all } = await send(text);
    expect(await all).toMatch(/^HTTP\/1\.1 200 OK\r\n.*read$/s);
    expect(ended).toEqual([]);
  });
});
