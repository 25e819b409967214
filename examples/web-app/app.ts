import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa, { type Context } from 'koa';
import { failurePage, signedInPage, signedOutPage, styleSheet } from './pages.ts';
import { remember, Sessions, take } from './sessions.ts';
import { describeFailure, SignIn } from './sign-in.ts';

export interface AppOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface App {
  /** Where it is reached, without a slash at the end; its redirect URI is `<url>/callback`. */
  readonly url: string;
  close(): Promise<void>;
}

// cookies don't know ports: the name must not be one that the provider on the same host uses
const cookie = 'demo_app_session';

const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

/**
 * A web app whose people sign in through an OpenID Connect provider: `/` shows who you are (as JSON where `Accept`
 * asks for it), `/logout` ends both sessions.
 * @throws when host and port can't be listened on
 */
export async function startApp(options: AppOptions): Promise<App> {
  const server = createServer().listen(options.port, options.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const url = `http://${host}:${port}`;
  const koa = new Koa();
  koa.use(routes(url, new SignIn({ ...options, baseUrl: url }), new Sessions()));
  const handle = koa.callback();
  server.on('request', (request, response) => void handle(request, response));
  return { url, close: () => close(server) };
}

function routes(baseUrl: string, signIn: SignIn, sessions: Sessions): Koa.Middleware {
  const handlers: Record<string, (ctx: Context) => void | Promise<void>> = {
    '/': home,
    '/callback': callback,
    '/logout': logout,
    '/signed-out': (ctx) => answer(ctx, 200, { signedOut: true }, signedOutPage),
    '/style.css': (ctx) => {
      ctx.type = 'text/css';
      ctx.body = styleSheet;
    },
  };

  async function home(ctx: Context): Promise<void> {
    const session = sessions.find(ctx.cookies.get(cookie)) ?? sessions.create();
    if (session.signedIn) {
      const { claims, userinfo } = session.signedIn;
      const user = displayedUser({ ...claims, ...userinfo });
      const json = { user, sub: claims['sub'], claims, userinfo };
      answer(ctx, 200, json, () => signedInPage(user, claims, userinfo));
      return;
    }
    const { url, pending } = await signIn.begin();
    remember(session, pending);
    setCookie(ctx, session.id);
    redirect(ctx, url);
  }

  async function callback(ctx: Context): Promise<void> {
    const session = sessions.find(ctx.cookies.get(cookie));
    const pending = take(session, String(ctx.query['state'] ?? ''));
    if (!session || !pending) {
      const error = 'unknown_sign_in';
      const hint = 'This sign-in was not begun in this browser, or it is over. Try again.';
      answer(ctx, 400, { error, error_description: hint }, () => failurePage(error, hint));
      return;
    }
    const signedIn = await signIn.finish(ctx.search, pending);
    // a new id: one that somebody planted before the sign-in must not become signed in
    sessions.end(session);
    setCookie(ctx, sessions.create(signedIn).id);
    redirect(ctx, new URL('/', baseUrl));
  }

  async function logout(ctx: Context): Promise<void> {
    const site = ctx.get('Sec-Fetch-Site');
    if (site !== '' && site !== 'same-origin' && site !== 'none') ctx.throw(403);
    const session = sessions.find(ctx.cookies.get(cookie));
    if (session) sessions.end(session);
    ctx.cookies.set(cookie, null);
    const idToken = session?.signedIn?.idToken;
    const url = idToken === undefined ? undefined : await signIn.signOutUrl(idToken);
    redirect(ctx, url ?? new URL('/signed-out', baseUrl));
  }

  return async (ctx) => {
    ctx.set(securityHeaders);
    const handler = Object.hasOwn(handlers, ctx.path) ? handlers[ctx.path] : undefined;
    if (!handler || !['GET', 'HEAD'].includes(ctx.method)) return;
    if (ctx.host !== new URL(baseUrl).host) {
      // cookies belong to one name of this machine: the one that the provider sends the browser back to
      redirect(ctx, new URL('/', baseUrl));
      return;
    }
    try {
      await handler(ctx);
    } catch (cause) {
      if (cause instanceof Koa.HttpError) throw cause;
      const { status, error, error_description } = describeFailure(cause);
      const json = { error, error_description };
      answer(ctx, status, json, () => failurePage(error, error_description));
    }
  };
}

function displayedUser(claims: Readonly<Record<string, unknown>>): string {
  const names = ['preferred_username', 'email', 'name', 'sub'].map((name) => claims[name]);
  return String(names.find((name) => typeof name === 'string' && name !== ''));
}

function answer(ctx: Context, status: number, json: object, html: () => string): void {
  const wantsJson = ctx.accepts('html', 'json') === 'json';
  ctx.status = status;
  ctx.vary('Accept');
  ctx.type = wantsJson ? 'json' : 'html';
  ctx.body = wantsJson ? JSON.stringify(json) : html();
}

function redirect(ctx: Context, url: URL): void {
  ctx.redirect(url.href);
  ctx.status = 303;
}

function setCookie(ctx: Context, id: string): void {
  ctx.cookies.set(cookie, id, { httpOnly: true, sameSite: 'lax', path: '/' });
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
