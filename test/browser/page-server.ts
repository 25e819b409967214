import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Koa from 'koa';
import { setSecurityHeaders } from '../../src/http/security-headers.ts';

export interface Posted {
  readonly path: string;
  /** Address of the other end. */
  readonly peer: string | undefined;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

export interface PageServer {
  readonly origin: string;
  readonly posted: Posted[];
  close(): Promise<void>;
}

/** Serves documents by path with the headers of the daemon's pages; what is posted anywhere is kept. */
export async function startPageServer(
  documents: Readonly<Record<string, string>>,
): Promise<PageServer> {
  const posted: Posted[] = [];
  const app = new Koa();
  app.use(async (ctx) => {
    setSecurityHeaders(ctx, 'page', false);
    ctx.type = 'html';
    if (ctx.method === 'POST') {
      posted.push({
        path: ctx.path,
        peer: ctx.req.socket.remoteAddress,
        body: await text(ctx.req),
        headers: ctx.headers,
      });
      ctx.body = '<!DOCTYPE html><html lang="en"><title>posted</title>';
      return;
    }
    const document = documents[ctx.path.slice(1)];
    if (document !== undefined) ctx.body = document;
  });
  const answer = app.callback();
  const server = createServer((request, response) => void answer(request, response));
  const { port, close } = await listen(server);
  return { origin: `http://127.0.0.1:${port}`, posted, close };
}

/** A page of somebody else's site (`localhost`), which `document` is all of. */
export async function startOtherSite(
  document: string,
): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(document);
  });
  const { port, close } = await listen(server);
  return { origin: `http://localhost:${port}`, close };
}

async function listen(server: Server): Promise<{ port: number; close(): Promise<void> }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
