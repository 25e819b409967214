import { connect, type Socket } from 'node:net';

/** A socket to the daemon and what came back on it so far. */
export interface Wire {
  readonly socket: Socket;
  received(): string;
  /** Everything that came until the server closed the connection, or broke it. */
  readonly ended: Promise<string>;
}

/** @param port the daemon's, on 127.0.0.1 */
export async function dial(port: number | string, localAddress = '127.0.0.1'): Promise<Wire> {
  const connected = Promise.withResolvers<void>();
  const socket = connect({ host: '127.0.0.1', port: Number(port), localAddress });
  const ended = Promise.withResolvers<string>();
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  socket.on('connect', () => connected.resolve());
  socket.on('error', connected.reject);
  socket.on('close', () => ended.resolve(text));
  await connected.promise;
  return { socket, received: () => text, ended: ended.promise };
}

export interface RawAnswer {
  readonly status: number;
  /** Status line, header lines and body as they came. */
  readonly text: string;
  readonly body: string;
}

/** Sends lines of a request head exactly as they are, then reads until the server closes. */
export async function exchange(
  port: number | string,
  lines: readonly string[],
  localAddress?: string,
): Promise<RawAnswer> {
  const wire = await dial(port, localAddress);
  wire.socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  const text = await wire.ended;
  return {
    status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]),
    text,
    body: text.slice(text.indexOf('\r\n\r\n') + 4),
  };
}
