import Koa, { type Context, type Middleware } from 'koa';
import { errors } from 'oidc-provider';
import { setFacts } from '../provider/request.ts';
import { createDispatch } from './dispatch.ts';
import { answerError } from './error-answer.ts';
import { findRoute, kindOf, type ListenerKind } from './exposure.ts';
import { keepFrontChannel } from './identify/backchannel.ts';
import type { AppParts } from './parts.ts';
import { setSecurityHeaders } from './security-headers.ts';

/** The Koa app of one listener. oidc-provider runs inside it as its last middleware. */
export function createApp(parts: AppParts): Koa {
  const { settings, entrance, log } = parts;
  const app = new Koa();
  // host and protocol are the issuer's (`ownUrls`), which Koa then reads from X-Forwarded-Proto
  app.proxy = true;
  app.silent = true;
  const issuer = new URL(settings.issuer);
  const { mode } = settings.registration;
  const dispatch = createDispatch(parts);

  app.use(durably(parts));
  app.use(async (ctx) => {
    const host = entrance.takeHost(ctx.req);
    ctx.originalUrl = ctx.request.originalUrl = ctx.req.url ?? '/';
    const listener = entrance.exposure(ctx.req);
    const exposed = findRoute(listener, ctx.method, ctx.path, mode);
    setSecurityHeaders(ctx, kindOf(exposed), issuer.protocol === 'https:');
    if (host === undefined) {
      throw new errors.InvalidRequest('the request must name one host');
    }
    if (!entrance.isOwnHost(host)) throw misdirected(settings.issuer);
    if (!exposed.route) throw notHere(ctx, listener, exposed.allow);
    if (exposed.route.sameOriginOnly) requireSameOrigin(ctx, issuer.origin);
    const facts = await entrance.facts(ctx.req, exposed.route.kind);
    facts.listener = listener;
    setFacts(ctx, facts);
    ownUrls(ctx, entrance.origin);
    await dispatch(ctx, exposed.route);
    if (entrance.origin.origin !== issuer.origin) keepFrontChannel(ctx, issuer, entrance.origin);
  });
  app.on('error', (error) => log.error({ err: error }, 'answer could not be sent'));
  return app;
}

/** Nothing is answered before what it rests on is durable; and nothing escapes unanswered. */
function durably({ load, store, log, settings, entrance }: AppParts): Middleware {
  return async (ctx, next) => {
    const { mode } = settings.registration;
    const kind = () => kindOf(findRoute(entrance.exposure(ctx.req), ctx.method, ctx.path, mode));
    const isStranger = entrance.exposure(ctx.req) === 'funnel';
    // who asks how we are must hear it, most of all under load
    const leave = kind() === 'health' ? () => undefined : load.enter(isStranger);
    // a body that never comes would go on holding the connection
    if (!leave && isStranger) ctx.set('Connection', 'close');
    const { failures } = store;
    try {
      if (!leave) throw overloaded();
      await next();
      await store.committed(failures);
    } catch (error) {
      await answerError(ctx, error, { kind: kind(), settings, log });
      await store.committed().catch((cause) => log.error({ err: cause }, 'audit record lost'));
    } finally {
      leave?.();
    }
  };
}

function overloaded(): errors.OIDCProviderError {
  const error = new errors.TemporarilyUnavailable('too many requests at once, or shutting down');
  error.status = 503;
  error.statusCode = 503;
  return error;
}

/** RFC 9110 15.5.20 */
function misdirected(issuer: string): errors.InvalidRequest {
  return new errors.InvalidRequest(`this is not the host you asked for: use ${issuer}`, 421);
}

function notHere(
  ctx: Context,
  listener: ListenerKind,
  allow: readonly string[] | undefined,
): errors.InvalidRequest {
  if (!allow) {
    const hint =
      listener === 'funnel'
        ? ' for the public internet: connect to Tailscale on this device and try again'
        : '';
    return new errors.InvalidRequest(`there is nothing at this address${hint}`, 404);
  }
  ctx.set('Allow', allow.join(', '));
  return new errors.InvalidRequest(`${ctx.method} is not for this address`, 405);
}

/**
 * Refuses what another page of the browser sent (Fetch Metadata, and `Origin` where the connection is plain HTTP).
 * @throws errors.InvalidRequest 403
 */
function requireSameOrigin(ctx: Context, issuerOrigin: string): void {
  const { origin, 'sec-fetch-site': site } = ctx.req.headers;
  const foreignOrigin = origin !== undefined && origin !== issuerOrigin;
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  // a link or redirect from the app leads to the page: reading it gives its sender nothing
  const navigation = ctx.method === 'GET' && ctx.req.headers['sec-fetch-mode'] === 'navigate';
  if (foreignOrigin || (foreignSite && !navigation)) {
    throw new errors.InvalidRequest('requests from other web pages are not accepted here', 403);
  }
}

/** oidc-provider builds URLs from the request; they must be the listener's, never the request's (T29). */
function ownUrls(ctx: Context, origin: URL): void {
  const { headers } = ctx.req;
  headers.host = origin.host;
  headers['x-forwarded-proto'] = origin.protocol.slice(0, -1);
  delete headers['x-forwarded-host'];
}
