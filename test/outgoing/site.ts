import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { Issued } from '../http/certificates.ts';

export interface Site extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:port` or `https://…`. */
  readonly origin: string;
  /** Paths that were asked for. */
  readonly asked: string[];
}

/** A server of a stranger on loopback; plain HTTP without a certificate. */
export async function openSite(answer: RequestListener, certificate?: Issued): Promise<Site> {
  const asked: string[] = [];
  const listener: RequestListener = (request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  };
  const server = certificate ? createSecureServer(certificate, listener) : createServer(listener);
  const port = await listen(server);
  return {
    port,
    origin: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}
