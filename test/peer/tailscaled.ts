import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createRawServer, type Server as RawServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Recorded } from './recorded.ts';

/** A directory of its own for a socket; removed at the end. */
export async function socketDirectory(): Promise<AsyncDisposable & { readonly socket: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'peer-'));
  return {
    socket: join(directory, 'tailscaled.sock'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

interface Events {
  request: [request: IncomingMessage];
  connection: [socket: Socket];
}

/** A real HTTP server on a Unix socket that a test makes answer what it likes. */
export class Tailscaled extends EventEmitter<Events> implements AsyncDisposable {
  /** URLs asked for. */
  readonly asked: string[] = [];
  readonly connections: Socket[] = [];
  answer: RequestListener;
  readonly #server: Server;

  private constructor(answer: RequestListener) {
    super();
    this.answer = answer;
    this.#server = createServer((request, response) => {
      this.asked.push(request.url ?? '');
      this.answer(request, response);
      this.emit('request', request);
    });
    this.#server.on('connection', (connection) => {
      this.connections.push(connection);
      this.emit('connection', connection);
    });
  }

  static async listen(where: string | number, answer: RequestListener): Promise<Tailscaled> {
    const tailscaled = new Tailscaled(answer);
    await listening(tailscaled.#server, where);
    return tailscaled;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Something that listens there and speaks no HTTP by itself. */
export async function listenRaw(
  socket: string,
  talk: (connection: Socket) => void,
): Promise<AsyncDisposable> {
  const connections: Socket[] = [];
  const server = createRawServer((connection) => {
    connections.push(connection);
    connection.on('error', () => undefined); // the client leaves in the middle: that is the test
    talk(connection);
  });
  await listening(server, socket);
  return {
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function listening(server: RawServer, where: string | number): Promise<void> {
  if (typeof where === 'string') server.listen(where);
  else server.listen(where, '127.0.0.1');
  await once(server, 'listening');
}

export function replay({ status, contentType, body }: Recorded): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'Content-Type': contentType }).end(body);
  };
}
