import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createResource } from '../../src/resource/resource.ts';
import { exchangeToken } from './exchange.ts';

export interface WorkerOptions {
  readonly issuer: string;
  /** Its own URL: what tokens for it are for. */
  readonly url: string;
  /** The address of its machine. */
  readonly address: string;
  /** Whom it calls next. */
  readonly next: string;
  /** Does the work there, with a token for it. */
  readonly call: (token: string) => Promise<string>;
}

export interface RunningWorker {
  close(): Promise<void>;
}

/** An agent: takes work from who has a token for it, and does its part with a token of its own for the next one. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { issuer, url, address, next, call } = options;
  const resource = createResource({ issuer, resource: url, scopes: ['read_file'] });
  const protect = resource.connect.protect({ scopes: ['read_file'] });
  const work = async (request: IncomingMessage): Promise<string> => {
    const token = (request.headers.authorization ?? '').replace(/^bearer /i, '');
    return call(await exchangeToken(issuer, { address, token, resource: next }));
  };
  const server = createServer((request, response) => {
    protect(request, response, () => {
      work(request).then(
        (text) => answer(response, 200, { text }),
        (error: Error) => answer(response, 502, { error: error.message }),
      );
    });
  });
  const { hostname, port } = new URL(url);
  server.listen(Number(port), hostname);
  await once(server, 'listening');
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
