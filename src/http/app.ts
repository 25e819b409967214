import Koa, { type Context, type Middleware } from 'koa';
import { errors } from 'oidc-provider';
import { setFacts } from '../access/request.ts';
import { answerError } from './error-answer.ts';
import { findRoute, kindOf } from './exposure.ts';
import { keepFrontChannel } from './identify/backchannel.ts';
import type { ListenerKind } from './identify/entrance.ts';
import { answerOptions, isPlainOptions } from './options.ts';
import type { AppParts } from './parts.ts';
import { createRefusalLimit } from './refusals.ts';
import type { Route } from './route.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { setPlace, shareOfClient, takeShare } from './share.ts';
import { Shed } from './shed.ts';

/** The Koa app of one listener: who may pass, and then the handler of the route (`exposure.ts`). */
export function createApp(parts: AppParts): Koa {
  const { settings, entrance, tally, pace, log } = parts;
  const app = new Koa();
  // host and protocol are the issuer's (`ownUrls`), which Koa then reads from X-Forwarded-Proto
  app.proxy = true;
  app.silent = true;
  const issuer = new URL(settings.issuer);
  const refusals = createRefusalLimit(settings.clock);

  app.use(async (ctx, next) => {
    await next();
    refusals.leave(ctx);
  });
  app.use(durably(parts));
  app.use(async (ctx) => {
    const { route, listener } = admit(ctx, parts, issuer);
    const facts = await entrance.facts(ctx.req, route.kind);
    facts.listener = listener;
    setFacts(ctx, facts);
    const share = takeShare(ctx, parts, route.kind);
    // who asks how we are must hear it, most of all under load
    if (route.kind !== 'health') await pace(share);
    // who asks how we are must hear it
    if (route.kind !== 'health') refusals.enter(ctx);
    ownUrls(ctx, entrance.origin);
    if (isPlainOptions(ctx)) return answerOptions(ctx, route);
    // at /logout oidc-provider would answer errors in JSON to whoever does not ask for HTML
    if (route.kind === 'page') ctx.req.headers.accept = 'text/html';
    await route.handler(ctx, parts);
    // whatever nobody answered would go out in Koa's words
    if (ctx.status === 404 && ctx.body === undefined) throw notHere(ctx, listener, undefined);
    if (listener === 'backchannel') shareOfClient(ctx, parts);
    if (entrance.origin.origin !== issuer.origin) keepFrontChannel(ctx, issuer, entrance.origin);
  });
  app.on('error', ({ message }: Error, ctx?: Context) => {
    const from = ctx && entrance.share(ctx.req);
    tally.count('unsent', from, () => log.info({ reason: message }, 'answer could not be sent'));
  });
  return app;
}

interface Reached {
  readonly route: Route;
  readonly listener: ListenerKind;
}

/** Finds the route of a request that may pass; nobody has been asked who sent it. @throws errors.InvalidRequest */
function admit(ctx: Context, { entrance, settings }: AppParts, issuer: URL): Reached {
  const host = entrance.takeHost(ctx.req);
  ctx.originalUrl = ctx.request.originalUrl = ctx.req.url ?? '/';
  const listener = entrance.exposure(ctx.req);
  const { mode } = settings.registration;
  const exposed = findRoute(listener, ctx.method, ctx.path, mode);
  const { route } = exposed;
  setSecurityHeaders(ctx, kindOf(exposed), issuer.protocol === 'https:');
  if (host === undefined) {
    throw new errors.InvalidRequest('the request must name one host');
  }
  if (!entrance.isOwnHost(host)) throw misdirected(settings.issuer);
  if (!route) throw notHere(ctx, listener, exposed.allow);
  if (route.sameOriginOnly) requireSameOrigin(ctx, issuer.origin);
  return { route, listener };
}

/** Nothing is answered before what it rests on is durable; and nothing escapes unanswered. */
function durably(parts: AppParts): Middleware {
  const { load, store, log, settings, entrance, tally, storeHealth } = parts;
  return async (ctx, next) => {
    const { mode } = settings.registration;
    const kind = () => kindOf(findRoute(entrance.exposure(ctx.req), ctx.method, ctx.path, mode));
    const isStranger = entrance.exposure(ctx.req) === 'funnel';
    const share = entrance.share(ctx.req);
    // who asks how we are must hear it, most of all under load
    const isHealth = kind() === 'health';
    const place = isHealth ? undefined : load.enter(share, isStranger);
    const { failures } = store;
    try {
      if (place?.ok === false) throw new Shed(place.reason, share);
      if (place) setPlace(ctx, place);
      await next();
      // health tells of a lost commit, and rests on none
      if (!isHealth) await store.committed(failures);
    } catch (error) {
      storeHealth.observe(error);
      await answerError(ctx, error, { kind: kind(), settings, tally, share, log });
      await store.committed().catch((cause) => {
        tally.count('lostRecords', share, () => log.error({ err: cause }, 'audit record lost'));
      });
    } finally {
      if (place?.ok) place.leave();
    }
  };
}

/** RFC 9110 15.5.20 */
function misdirected(issuer: string): errors.InvalidRequest {
  return new errors.InvalidRequest(`this is not the host you asked for: use ${issuer}`, 421);
}

function notHere(
  ctx: Context,
  listener: ListenerKind,
  allow: string | undefined,
): errors.InvalidRequest {
  if (!allow) {
    const hint =
      listener === 'funnel'
        ? ' for the public internet: connect to Tailscale on this device and try again'
        : '';
    return new errors.InvalidRequest(`there is nothing at this address${hint}`, 404);
  }
  ctx.set('Allow', allow);
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
