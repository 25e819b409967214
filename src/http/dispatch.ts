import { stringify } from 'node:querystring';
import type { Context, Middleware } from 'koa';
import compose from 'koa-compose';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { requireLengths } from '../access/parameter-lengths.ts';
import { completeMetadata, keysOf } from '../access/published.ts';
import { normaliseAuthorization } from '../engine/normalise.ts';
import { allowFormAction } from '../engine/render.ts';
import { devicePath } from '../flows/device/device-request.ts';
import { deniedPath, linkToDenied, showDenied } from '../flows/login/denied-page.ts';
import { finishInteraction, requireOwnLogin, showInteraction } from '../flows/login/interaction.ts';
import { showUntrusted } from '../flows/login/untrusted-redirect.ts';
import { takeFirstPage } from '../flows/login/visitor.ts';
import { confirmLogout, dropOthersSession } from '../flows/logout/leaving.ts';
import { formActionSource } from '../protocol/redirect-uri.ts';
import { supportedScopes } from '../protocol/scope-claims.ts';
import { describeToken } from '../tokens/introspection.ts';
import { answerCommandLine } from './admin-api.ts';
import { readForm } from './body.ts';
import { createClientPages } from './client-pages.ts';
import { createClientsApi } from './clients-api.ts';
import { answerDevicePage } from './device-route.ts';
import { type Route, showsRegistration } from './exposure.ts';
import { answerHealth, answerReadiness } from './health.ts';
import { showHome } from './home.ts';
import { normaliseForm } from './normalise-form.ts';
import type { AppParts } from './parts.ts';

/** Sends a request that may pass to the one that answers it: our own few routes, else oidc-provider. */
export function createDispatch(parts: AppParts): (ctx: Context, route: Route) => Promise<void> {
  const { settings } = parts;
  const clientsApi = createClientsApi(parts);
  const clientPages = createClientPages(parts);
  const vocabulary = { scopes: supportedScopes, resources: settings.resources };
  const composed = new WeakMap<Provider, Middleware>();
  const runProvider = async (ctx: Context): Promise<void> => {
    const provider = parts.provider();
    let run = composed.get(provider);
    if (!run) {
      run = compose(provider.middleware) as Middleware;
      composed.set(provider, run);
    }
    await run(ctx, async () => undefined);
  };

  const authorize = async (ctx: Context): Promise<void> => {
    await asGet(ctx, parts.bodyLimitBytes);
    normaliseAuthorization(ctx.query, vocabulary);
    await runProvider(ctx);
    linkToDenied(ctx, settings.issuer);
    if (!(await showUntrusted(ctx, settings))) allowForms(ctx as KoaContextWithOIDC);
  };

  return async (ctx, route) => {
    answerPeopleInHtml(ctx, route);
    switch (route.path) {
      case '/healthz':
        return answerHealth(ctx);
      case '/readyz':
        return answerReadiness(ctx, parts);
      case '/':
        return showHome(ctx, parts);
      case '/new':
      case '/edit/*':
        return clientPages(ctx, route, parts.bodyLimitBytes);
      case '/admin/clients':
      case '/admin/clients/*':
      case '/admin/secrets/*':
      case '/admin/marks/*':
        return answerCommandLine(ctx, route, parts.bodyLimitBytes, parts.clients);
      case '/clients/':
      case '/clients/new':
      case '/clients/*':
        return clientsApi(ctx, route, parts.bodyLimitBytes);
      case '/register':
      case '/register/*':
        return parts.registrationApi(
          ctx,
          route,
          parts.entrance.exposure(ctx.req),
          parts.provider(),
          runProvider,
        );
      case deniedPath:
        return showDenied(ctx, parts.provider(), settings);
      case devicePath:
        await takeFirstPage(ctx, parts.provider(), settings);
        return answerDevicePage(ctx, parts, runProvider);
      case '/interaction/*':
        if (ctx.method !== 'POST') return showInteraction(ctx, parts.provider(), settings);
        return finishInteraction(
          ctx,
          parts.provider(),
          settings,
          await readForm(ctx, parts.bodyLimitBytes),
        );
      case '/authorize':
        return authorize(ctx);
      case '/logout':
        await asGet(ctx, parts.bodyLimitBytes);
        requireLengths(ctx.query);
        await dropOthersSession(ctx, parts.provider());
        await takeFirstPage(ctx, parts.provider(), settings);
        await runProvider(ctx);
        return allowForms(ctx as KoaContextWithOIDC);
      case '/logout/confirm':
        return confirmLogout(ctx, parts.provider(), settings, runProvider);
      case '/authorize/*':
        await requireOwnLogin(ctx, parts.provider());
        await runProvider(ctx);
        linkToDenied(ctx, settings.issuer);
        return allowForms(ctx as KoaContextWithOIDC);
      default:
        await normaliseForm(ctx, route, parts, vocabulary);
        await runProvider(ctx);
        hideRegistration(ctx, route, parts);
        await publish(ctx, route, parts);
        if (route.path === '/introspect') await describeToken(ctx as KoaContextWithOIDC);
    }
  };
}

/** Metadata and keys say what there is here, and nothing that is never given or signed with. */
async function publish(ctx: Context, { kind }: Route, parts: AppParts): Promise<void> {
  const body: unknown = ctx.body;
  if (kind !== 'metadata' || typeof body !== 'object' || body === null) return;
  if ('keys' in body) ctx.body = keysOf(body as never, await parts.algorithms.now());
  else completeMetadata(body as Record<string, unknown>, parts.setClaims);
}

/** Metadata sends nobody to an endpoint that this listener does not have. */
function hideRegistration(ctx: Context, { kind }: Route, { entrance, settings }: AppParts): void {
  if (kind !== 'metadata') return;
  if (showsRegistration(entrance.exposure(ctx.req), settings.registration.mode)) return;
  const body: unknown = ctx.body;
  if (typeof body !== 'object' || body === null || !('registration_endpoint' in body)) return;
  delete body.registration_endpoint;
}

/** At `/logout` oidc-provider would answer errors in JSON to whoever does not ask for HTML. */
function answerPeopleInHtml(ctx: Context, { kind }: Route): void {
  if (kind === 'page') ctx.req.headers.accept = 'text/html';
}

/**
 * A POST to the authorization or logout endpoint means the same as a GET with its form as query (OpenID Connect
 * Core 3.1.2.1, RP-Initiated Logout 2). oidc-provider's own switch for it ties the session cookie to
 * `SameSite=None`, which browsers refuse over plain HTTP.
 */
async function asGet(ctx: Context, limitBytes: number): Promise<void> {
  if (ctx.method !== 'POST') return;
  const parameters = await readForm(ctx, limitBytes);
  ctx.method = 'GET';
  delete ctx.req.headers['content-type'];
  delete ctx.req.headers['content-length'];
  ctx.querystring = stringify(parameters);
}

/**
 * Pages whose form leads to an app: that of `response_mode=form_post`, and that of a logout, which oidc-provider
 * makes itself where there is no session to end. Both URIs are checked by then.
 */
function allowForms(ctx: KoaContextWithOIDC): void {
  const { client, params, redirectUriCheckPerformed, session } = ctx.oidc ?? {};
  const afterLogout = session?.state?.['postLogoutRedirectUri'];
  if (ctx.path === '/logout') {
    if (typeof afterLogout === 'string') allowFormAction(ctx, formActionSource(afterLogout));
  } else if (params?.['response_mode'] === 'form_post') {
    const uri = String(params['redirect_uri']);
    // an error that comes before oidc-provider's check is sent there, too, if the client has it registered
    if (!redirectUriCheckPerformed && !client?.redirectUriAllowed(uri)) return;
    allowFormAction(ctx, formActionSource(uri));
  }
}
