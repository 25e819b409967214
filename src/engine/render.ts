import { type ErrorOut, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { denialFacts, PolicyDenied } from '../access/denial.ts';
import { appOf } from '../access/enter.ts';
import { retryAfterSeconds } from '../access/errors.ts';
import type { ErrorPage, PagePerson } from '../access/pages.ts';
import { factsOf, type RequestFacts } from '../access/request.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { displayLogin } from '../identity/subject.ts';

/** Routes that a person's browser visits; every other one answers JSON, whatever `Accept` says. */
const pageRoutes: ReadonlySet<string> = new Set([
  'authorization',
  'resume',
  'code_verification',
  'end_session',
  'end_session_confirm',
  'end_session_success',
]);

/** `renderError`: a page for people, RFC 6749 5.2 JSON for programs. The status is set already. */
export async function renderError(
  ctx: KoaContextWithOIDC,
  out: ErrorOut,
  error: Error,
  settings: ProviderSettings,
  back?: ErrorPage['back'],
): Promise<void> {
  if (ctx.status === 503) ctx.set('Retry-After', String(retryAfterSeconds));
  if (!pageRoutes.has(ctx.oidc.route)) {
    ctx.type = 'json';
    ctx.body = out;
    return;
  }
  const facts = factsOf(ctx);
  // a denial without a place to send it to is the person's to read: 403, not "bad request"
  if (error instanceof errors.AccessDenied) ctx.status = 403;
  ctx.type = 'html';
  ctx.body = settings.pages.error({
    status: ctx.status,
    error: out.error,
    description: error instanceof PolicyDenied ? error.reason : (out.error_description ?? ''),
    person: await personOf(facts),
    requestId: facts.requestId,
    about: ctx.oidc.route.startsWith('end_session') ? 'logout' : 'login',
    denial: denialFacts(error, settings),
    back,
  });
}

export async function renderLogout(
  ctx: KoaContextWithOIDC,
  form: string,
  settings: ProviderSettings,
): Promise<void> {
  ctx.body = settings.pages.logout({
    form,
    person: await personOf(factsOf(ctx)),
    clientName: trustedName(ctx),
  });
}

export async function renderLoggedOut(
  ctx: KoaContextWithOIDC,
  settings: ProviderSettings,
): Promise<void> {
  ctx.type = 'html';
  ctx.body = settings.pages.loggedOut({ clientName: trustedName(ctx) });
}

/** What the client of this request is called; one that came by itself could have taken any name. */
function trustedName({ oidc: { client } }: KoaContextWithOIDC): string | undefined {
  const app = client && appOf(client);
  return app?.nameTrusted ? app.name : app?.id;
}

/** Browsers hold `form-action` against the redirects after a form, too: allow what this one leads to. */
export function allowFormAction(
  ctx: { response: { get(name: string): string }; set(name: string, value: string): void },
  source: string,
): void {
  const policy = ctx.response.get('Content-Security-Policy');
  if (policy) {
    ctx.set(
      'Content-Security-Policy',
      policy.replace("form-action 'self'", `form-action 'self' ${source}`),
    );
  }
}

/** Who the person is for us, as pages show it to themselves; undefined without an identity. */
export async function personOf(facts: RequestFacts): Promise<PagePerson | undefined> {
  const identified = await facts.identify();
  if (!identified.ok) return undefined;
  const { identity } = identified;
  return {
    login: displayLogin(identity),
    displayName: identity.kind === 'user' ? identity.displayName : undefined,
    device: identity.node.name.replace(/\.$/, ''),
    tags: identity.kind === 'machine' ? identity.tags : [],
  };
}
