import { chmod } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { strongTls } from './strong-tls.ts';

/** An address and port, or the path of a Unix socket. */
export type Place = { readonly address: string; readonly port: number } | { readonly path: string };

export interface ListenOptions {
  readonly place: Place;
  /** Absent for plain HTTP. */
  readonly tls: SecureContextOptions | undefined;
  readonly headerLimitBytes: number;
  /** Header and body of a request must arrive within this time (T30). */
  readonly requestTimeoutMs: number;
  /** Sees the server before it listens. */
  readonly watch?: (server: Server) => void;
}

export interface Listening {
  /** e.g. `https://100.64.0.2:443`, `unix:/var/lib/tsidp/serve/serve.sock` */
  readonly url: string;
  /** Swaps the certificate; connections that stand keep theirs. */
  setCertificate(tls: SecureContextOptions): void;
  /** Stops accepting; ends idle connections now and all others after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

/** Idle keep-alive connections end after this; longer than the intervals of apps that poll. */
const keepAliveMs = 75_000;
/** tailscaled keeps a connection 90 s: were we first, a POST on its way at that moment would be lost. */
const proxyKeepAliveMs = 180_000;
/** Twice as many as the guard lets in: those over it are to be seen and counted. */
const maxConnections = 16_384;

/**
 * Binds one place. A Unix socket's directory must be there, and closed to others.
 * @throws ListenError when it can't be bound; the message names place and remedy
 */
export async function listen(options: ListenOptions, answer: RequestListener): Promise<Listening> {
  const server = create(options, answer);
  server.maxConnections = maxConnections;
  // Bounded in bytes. By number, some releases of Node forget the last ones, which are a proxy's (T34).
  server.maxHeadersCount = 0;
  options.watch?.(server);
  // Node's own list of them begins after the handshake: one in the middle of it would keep us from ending
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause) => reject(listenError(options, cause)));
  const { place } = options;
  const where = 'path' in place ? place : { host: place.address, port: place.port };
  server.listen(where, resolve);
  await promise;
  if ('path' in place) await chmod(place.path, 0o600);
  return {
    url: urlOf(place, options.tls !== undefined),
    setCertificate(tls) {
      // Node forgets everything else that the context had
      if ('setSecureContext' in server) {
        (server as TlsServer).setSecureContext({ ...tls, ...strongTls });
      }
    },
    close: (timeoutMs) => close(server, sockets, timeoutMs),
  };
}

function urlOf(place: Place, isTls: boolean): string {
  if ('path' in place) return `unix:${place.path}`;
  const host = place.address.includes(':') ? `[${place.address}]` : place.address;
  return `${isTls ? 'https' : 'http'}://${host}:${place.port}`;
}

function create(options: ListenOptions, answer: RequestListener): Server | TlsServer {
  const limits = {
    maxHeaderSize: options.headerLimitBytes,
    headersTimeout: options.requestTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: 'path' in options.place ? proxyKeepAliveMs : keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, options.requestTimeoutMs),
    requireHostHeader: true,
  };
  if (!options.tls) return createServer(limits, answer);
  return createTlsServer(
    {
      ...limits,
      ...options.tls,
      ...strongTls,
      handshakeTimeout: options.requestTimeoutMs,
    },
    answer,
  );
}

async function close(
  server: Server | TlsServer,
  sockets: ReadonlySet<Socket>,
  timeoutMs: number,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  // a connection whose last answer goes out now would be kept for the next request
  const sweeping = setInterval(() => server.closeIdleConnections(), 50);
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, timeoutMs);
  await promise;
  clearInterval(sweeping);
  clearTimeout(timer);
}

/** Startup trouble with an address. */
export class ListenError extends Error {
  override name = 'ListenError';
  /** Of the operating system, e.g. `EADDRNOTAVAIL`. */
  readonly code: string | undefined;

  constructor(message: string, options: ErrorOptions & { code?: string } = {}) {
    super(message, options);
    this.code = options.code;
  }
}

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there: stop it, or choose another port (listen.port)',
  EACCES:
    'ports below 1024 need the right CAP_NET_BIND_SERVICE, or choose another port (listen.port)',
  EADDRNOTAVAIL:
    "this machine does not have the address (the node's own need a tailscaled with a TUN device)",
};

function listenError({ place }: ListenOptions, cause: Error & { code?: string }): ListenError {
  const { code = '' } = cause;
  const isPath = 'path' in place;
  const where = isPath ? `the Unix socket ${place.path}` : `${place.address} port ${place.port}`;
  const remedy = (isPath ? undefined : remedies[code]) ?? cause.message;
  return new ListenError(`Can't listen on ${where}: ${remedy}.`, { cause, code });
}
