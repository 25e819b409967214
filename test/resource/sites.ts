import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Koa from 'koa';
import { AccessError, type Resource } from '../../src/resource/resource.ts';

/**
 * The same app three times: `/` is open, the rest needs read_file, `/mcp/run` a second check for run_code, and
 * `/mcp/late` asks for it in its handler.
 */
export type Build = (resource: Resource) => RequestListener;

export const koaApp: Build = ({ koa, accessOf, requireScopes }) => {
  const app = new Koa();
  app.silent = true;
  app.use(koa.metadata);
  app.use(async (ctx, next) => {
    if (ctx.path === '/') ctx.body = 'open';
    else await next();
  });
  app.use(koa.protect({ scopes: ['read_file'] }));
  const run = koa.protect({ scopes: ['run_code'] });
  app.use((ctx, next) => (ctx.path === '/mcp/run' ? run(ctx, next) : next()));
  app.use((ctx) => {
    const access = accessOf(ctx.req);
    if (ctx.path === '/mcp/late') requireScopes(access, ['run_code']);
    ctx.body = { subject: access.subject };
  });
  const handle = app.callback();
  return (req, res) => void handle(req, res);
};

/** Mounted as Express mounts a router: `url` without the prefix, `originalUrl` with it. */
export const connectApp: Build = ({ connect, accessOf, requireScopes }) => {
  const all = connect.protect({ scopes: ['read_file'] });
  const run = connect.protect({ scopes: ['run_code'] });
  return (req: IncomingMessage & { originalUrl?: string }, res) => {
    const path = req.url ?? '';
    req.originalUrl = path;
    req.url = path.replace(/^\/mcp/u, '');
    const handle = (): void => {
      const access = accessOf(req);
      try {
        if (path === '/mcp/late') requireScopes(access, ['run_code']);
        res.end(JSON.stringify({ subject: access.subject }));
      } catch (error) {
        if (!(error instanceof AccessError)) throw error;
        connect.refuse(res, error);
      }
    };
    const then = (next: () => void) => (error?: unknown) => {
      if (error) res.writeHead(500).end();
      else next();
    };
    const inside = path === '/mcp/run' ? () => run(req, res, then(handle)) : handle;
    const outside = path === '/' ? () => res.end('open') : () => all(req, res, then(inside));
    connect.metadata(req, res, then(outside));
  };
};

export const webApp: Build = (resource) => (req, res) => void answerNode(resource, req, res);

async function answerNode(
  resource: Resource,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(req.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  const url = `http://${req.headers.host}${req.url}`;
  const answer = await answerWeb(
    new Request(url, { method: req.method ?? 'GET', headers }),
    resource,
  );
  res.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
}

async function answerWeb(
  request: Request,
  { web, accessOf, requireScopes }: Resource,
): Promise<Response> {
  const document = web.metadata(request);
  if (document) return document;
  const { pathname } = new URL(request.url);
  if (pathname === '/') return new Response('open');
  const access = await web.protect(request, { scopes: ['read_file'] });
  if (access instanceof Response) return access;
  if (pathname === '/mcp/run') {
    const more = await web.protect(request, { scopes: ['run_code'] });
    if (more instanceof Response) return more;
  }
  try {
    if (pathname === '/mcp/late') requireScopes(access, ['run_code']);
  } catch (error) {
    if (error instanceof AccessError) return web.refuse(error);
    throw error;
  }
  return Response.json({ subject: accessOf(request).subject });
}

export interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
}

export interface Site extends AsyncDisposable {
  send(what: Sent): Promise<{ status: number; headers: Headers; body: string }>;
}

export async function startSite(listener: RequestListener): Promise<Site> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    async send({ path = '/mcp', method = 'POST', headers = {} }) {
      const sent = request({ host: '127.0.0.1', port, path, method, headers }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      const received = new Headers();
      for (const [name, value] of Object.entries(answer.headers)) received.set(name, String(value));
      return { status: answer.statusCode ?? 0, headers: received, body: await text(answer) };
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
