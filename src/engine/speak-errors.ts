import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { retryAfterSeconds } from '../access/errors.ts';
import { deviceCodeGrant } from '../protocol/grant-types.ts';
import { StoreError } from '../store/store.ts';
import { assertionDetails } from './assertion-details.ts';

/**
 * oidc-provider's descriptions of `invalid_grant` and `invalid_token` are fixed and hide the reason, which stands
 * in `error_detail`. These details name no secret and no other party.
 */
const speakingDetails: ReadonlySet<string> = new Set([
  ...assertionDetails,
  'DPoP proof JWT not provided',
  'failed jkt verification',
  'authorization code is expired',
  'authorization code already consumed',
  'authorization code not found',
  'authorization code redirect_uri mismatch',
  'code_verifier must be provided',
  'code_verifier does not match code_challenge',
  'client mismatch',
  'device code not found',
  'device code already consumed',
  'refresh token not found',
  'refresh token is expired',
  'refresh token already used',
  'grant not found',
  'grant is expired',
  'access token not found',
  'no access token provided',
]);

/** What `/token` and `/device_authorization` say of it. */
const grantNotAllowed: ReadonlySet<string | undefined> = new Set([
  'requested grant type is not allowed for this client',
  `${deviceCodeGrant} is not allowed for this client`,
]);

/** The description to answer with: oidc-provider's own, or the reason behind its fixed ones. */
function speakingDescription(error: errors.OIDCProviderError): string | undefined {
  const { error_detail: detail } = error;
  if (detail === undefined) return error.error_description;
  if (speakingDetails.has(detail)) return detail;
  if (detail.includes('account not found')) {
    return 'the person or device behind this is no longer what it was, or may no longer enter this app: log in again';
  }
  return error.error_description;
}

/**
 * Lets error answers of the API endpoints say why, and trouble of our store say that it passes. oidc-provider
 * emits these events when the answer stands and before it is sent.
 */
export function speakErrors(provider: Provider): void {
  const events = [
    'grant.error',
    'userinfo.error',
    'introspection.error',
    'revocation.error',
    'pushed_authorization_request.error',
    'device_authorization.error',
    'registration_create.error',
    'registration_read.error',
    'registration_update.error',
    'registration_delete.error',
  ] as const;
  for (const event of events) {
    // the events have one shape, which the types don't say
    provider.on(event as 'grant.error', (ctx, error) => {
      if (ctx.status === 503 && !ctx.response.get('Retry-After')) {
        ctx.set('Retry-After', String(retryAfterSeconds));
      }
      // RFC 6749 section 5.2 has a name for what oidc-provider calls an invalid request
      if (grantNotAllowed.has(error.error_description) && isErrorBody(ctx.body)) {
        ctx.body.error = 'unauthorized_client';
      }
      const description = speakingDescription(error);
      if (description !== undefined && isErrorBody(ctx.body))
        ctx.body.error_description = description;
    });
  }
  provider.on('server_error', (ctx: KoaContextWithOIDC, error: unknown) => {
    if (!(error instanceof StoreError)) return;
    ctx.status = 503;
    ctx.set('Retry-After', String(retryAfterSeconds));
    if (isErrorBody(ctx.body)) ctx.body.error = 'temporarily_unavailable';
  });
}

function isErrorBody(body: unknown): body is { error: string; error_description?: string } {
  return typeof body === 'object' && body !== null && 'error' in body;
}
