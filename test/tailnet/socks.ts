import { once } from 'node:events';
import { request } from 'node:http';
import { connect, isIPv4, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly location: URL | undefined;
  readonly body: string;
}

export interface Ask {
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A device of the tailnet: what it asks leaves it through its tailscaled's SOCKS5 proxy (RFC 1928). */
export interface Device {
  readonly socksPort: number;
}

/** One request by plain HTTP from a device to a node's address, whatever name the URL has. */
export async function ask(
  { socksPort }: Device,
  address: string,
  url: URL,
  { form, headers = {} }: Ask = {},
): Promise<Answer> {
  const socket = await dial(socksPort, address, Number(url.port) || 80);
  const body = form && new URLSearchParams(form).toString();
  const sent = request({
    createConnection: () => socket,
    path: url.pathname + url.search,
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      host: url.host,
      connection: 'close',
      ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      ...headers,
    },
    timeout: 20_000,
  });
  sent.on('timeout', () => sent.destroy(new Error(`no answer from ${url.origin}`)));
  sent.end(body);
  const [response] = await once(sent, 'response');
  const { location } = response.headers;
  return {
    status: response.statusCode,
    location: location === undefined ? undefined : new URL(location, url),
    body: await text(response),
  };
}

async function dial(socksPort: number, address: string, port: number): Promise<Socket> {
  if (!isIPv4(address)) throw new Error(`${address} is no IPv4 address`);
  const socket = connect(socksPort, '127.0.0.1');
  await once(socket, 'connect');
  // version 5, one method: no authentication
  socket.write(Buffer.from([5, 1, 0]));
  const [, method] = await read(socket, 2);
  if (method !== 0) throw new Error('the SOCKS proxy wants authentication');
  // CONNECT, IPv4
  const parts = address.split('.').map(Number);
  socket.write(Buffer.from([5, 1, 0, 1, ...parts, port >> 8, port & 0xff]));
  const [, reply, , kind = 1] = await read(socket, 4);
  // the address that it bound, which we don't need
  await read(socket, (kind === 4 ? 16 : 4) + 2);
  if (reply !== 0) {
    socket.destroy();
    throw new Error(`the SOCKS proxy could not reach ${address}:${port} (reply ${reply})`);
  }
  return socket;
}

async function read(socket: Socket, bytes: number): Promise<Buffer> {
  for (;;) {
    const chunk: Buffer | null = socket.read(bytes);
    if (chunk) return chunk;
    if (socket.readableEnded || socket.destroyed) throw new Error('the SOCKS proxy hung up');
    await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
  }
}
