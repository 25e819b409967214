import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import { PolicyDenied } from '../../access/denial.ts';
import { appOf, enter } from '../../access/enter.ts';
import { refusalError } from '../../access/errors.ts';
import { factsOf, knownFacts } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { personOf } from '../../engine/render.ts';

/** Where somebody reads why an app may not be entered. */
export const deniedPath = '/denied';

/**
 * Decides anew, and for whoever asks alone: the address names only the app. The page is that of the denial, as long
 * as there is one.
 * @throws PolicyDenied, errors.AccessDenied, errors.TemporarilyUnavailable, errors.InvalidClient
 */
export async function showDenied(
  ctx: Context,
  provider: Provider,
  settings: ProviderSettings,
): Promise<void> {
  const { client_id: id } = ctx.query;
  const client = typeof id === 'string' ? await provider.Client.find(id) : undefined;
  if (!client) throw new errors.InvalidClient('client is invalid', 'client not found');
  const facts = factsOf(ctx);
  const identified = await facts.identify();
  if (!identified.ok) throw refusalError(identified.refusal, false);
  const app = appOf(client);
  const decision = enter(app, identified, settings);
  if (!decision.allowed) throw new PolicyDenied(app, identified.identity, decision);
  const person = await personOf(facts);
  if (!person) throw new Error('an identity without a person');
  ctx.type = 'html';
  ctx.body = settings.pages.mayEnter({ person, clientName: app.nameTrusted ? app.name : app.id });
}

/**
 * Tells the app in `error_uri` (RFC 6749 4.1.2.1) where the person can read more. oidc-provider sends the members of
 * errors that it knows and has no hook for others, so this is put into the answer that it made.
 */
export function linkToDenied(ctx: Context, issuer: string): void {
  const id = knownFacts(ctx)?.deniedClient;
  if (id === undefined) return;
  const uri = `${issuer}${deniedPath}?client_id=${encodeURIComponent(id)}`;
  const location = ctx.response.get('Location');
  if (location !== '' && /[?&#]error=/u.test(location)) {
    ctx.set('Location', `${location}&error_uri=${encodeURIComponent(uri)}`);
  } else if (typeof ctx.body === 'string') {
    // `response_mode=form_post`; an encoded component holds nothing that an attribute must escape
    ctx.body = ctx.body.replace(
      '<input type="hidden" name="error" ',
      (field) => `<input type="hidden" name="error_uri" value="${uri}"/>\n    ${field}`,
    );
  }
}
