import type { Context } from 'koa';
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import { isUntrusted } from '../../access/consent-key.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { renderError } from '../../engine/render.ts';
import { redirectHost } from '../../protocol/redirect-uri.ts';

/** Pages cut text that is longer. */
const longestLink = 4000;

type Oidc = KoaContextWithOIDC['oidc'];

const refusals = new WeakMap<Oidc, Error>();

/** Remembers what oidc-provider refused, for `showUntrusted`. Of two events for one request the last one is answered. */
export function noteRefusals(provider: Provider): void {
  const note = (ctx: KoaContextWithOIDC, error: Error): void => {
    refusals.set(ctx.oidc, error);
  };
  provider.on('authorization.error', note);
  provider.on('server_error', note);
}

/**
 * Sends nobody anywhere without a click of theirs for the sake of a client that came by itself: whoever registers one
 * could make of every error, `prompt=none` included, a link of ours that leads to their site and says who followed it
 * (RFC 9700 section 4.11.2). Who allowed that client something before, at that host, is sent on. oidc-provider has no
 * hook for this, so its answer is replaced by a page, from which the person may go on. Native redirects stay: they
 * lead to the person's own device.
 * @returns whether the answer is that page
 */
export async function showUntrusted(ctx: Context, settings: ProviderSettings): Promise<boolean> {
  const { oidc } = ctx as unknown as Partial<KoaContextWithOIDC>;
  const refusal = oidc && refusals.get(oidc);
  if (!oidc || !refusal || oidc.route !== 'authorization') return false;
  // Koa gives undefined where there is none, whatever its types say
  const location = ctx.response.get('Location') || '';
  const uri = redirectUriOf(ctx, oidc);
  if (!isSent(refusal, location) || !(await isUntrusted(ctx, oidc.client, uri, settings))) {
    return false;
  }
  const known = refusal instanceof errors.OIDCProviderError ? refusal : undefined;
  ctx.remove('Location');
  // errors of `prompt=none` have the status of the redirect that they would be
  ctx.status = known ? Math.max(400, known.statusCode) : 500;
  const out = {
    error: known?.error ?? 'server_error',
    ...(known?.error_description === undefined
      ? {}
      : { error_description: known.error_description }),
  };
  const isLink = location !== '' && location.length <= longestLink;
  const back = isLink ? { host: redirectHost(uri), url: location } : undefined;
  await renderError(ctx as never, out, refusal, settings, back);
  return true;
}

function redirectUriOf(ctx: Context, { params }: Oidc): string {
  return String((params ?? ctx.query)['redirect_uri'] ?? '');
}

/** As oidc-provider decides it; `form_post` is sent without a `Location`. */
function isSent(refusal: Error, location: string): boolean {
  const { allow_redirect: mayRedirect } = refusal as Partial<errors.OIDCProviderError>;
  return location !== '' || mayRedirect === true;
}
