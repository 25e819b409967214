import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { refusedConsent } from '../access/consent-question.ts';
import { PolicyDenied } from '../access/denial.ts';
import type { Denial, RequestEvent } from '../access/denials.ts';
import { factsOf } from '../access/request.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { TooManyAttempts } from '../clients/secrets.ts';
import { displayLogin, subjectOf } from '../identity/subject.ts';
import { actorsOf } from '../protocol/actor-chain.ts';
import { tokenExchangeGrant } from '../protocol/grant-types.ts';
import { shortNameLength } from '../store/family-table.ts';
import { tokenName } from '../tokens/token-name.ts';
import type { GracefulToken } from './refresh-grace.ts';
import { requestRecord } from './request-record.ts';

/**
 * Writes one audit record for each login, denial, token and refresh; what ends has its own (`endings/`). oidc-provider's
 * events come before the answer is sent, so the record is committed with what it describes.
 */
export function recordEvents(provider: Provider, settings: ProviderSettings): void {
  const recordOf = (ctx: KoaContextWithOIDC, more: Partial<Denial>): Denial =>
    requestRecord(settings.clock, more, ctx);
  const append = (event: RequestEvent, ...of: Parameters<typeof recordOf>): void =>
    settings.audit.append({ event, ...recordOf(...of) });
  const deny = (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => {
    const { peer, listener } = factsOf(ctx);
    const isAuthenticatedApp = showedSecret(ctx, error);
    settings.recordDenial(recordOf(ctx, reasonOf(error)), { peer, listener, isAuthenticatedApp });
  };

  provider.on('authorization.success', (ctx: KoaContextWithOIDC) => {
    const { AuthorizationCode, DeviceCode } = ctx.oidc.entities;
    const code = AuthorizationCode ?? DeviceCode;
    append('login', ctx, { device: deviceOf(ctx), scope: code?.scope, jti: names(code?.grantId) });
  });
  provider.on('authorization.error', (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => {
    // what somebody said on the page about consent has a record of its own
    if (!deniedErrors.has(error.error) || refusedConsent(ctx)) return;
    deny(ctx, error);
  });
  provider.on('grant.success', (ctx: KoaContextWithOIDC) => {
    const { AccessToken, ClientCredentials } = ctx.oidc.entities;
    const token = AccessToken ?? ClientCredentials;
    append(issueEvent(ctx), ctx, {
      device: deviceOf(ctx),
      scope: token?.scope,
      resource: token?.aud === undefined ? undefined : [token.aud].flat(),
      jti: issued(ctx),
      ...chainOf(ctx),
      ...lateMark(ctx),
    });
  });
  provider.on('grant.error', (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => {
    // a device that waits for its person (RFC 8628 3.5) was denied nothing
    if (stillWaiting.has(error.error)) return;
    // a denial of who is behind the token stands there already
    if (factsOf(ctx).deniedAccount) return;
    // who can't even name a client is the log's business, or anybody could fill the audit
    if (ctx.oidc.client) deny(ctx, error);
  });
}

function issueEvent({ oidc }: KoaContextWithOIDC): RequestEvent {
  const grantType = oidc.params?.['grant_type'];
  if (grantType === tokenExchangeGrant) return 'exchange';
  return grantType === 'refresh_token' ? 'refresh' : 'token';
}

/** Names of the family and of what was issued now. A JWT's is its own `jti`, which resource servers log. */
function issued(ctx: KoaContextWithOIDC): string[] {
  const { AccessToken, ClientCredentials, RefreshToken, Grant } = ctx.oidc.entities;
  const token = AccessToken ?? ClientCredentials;
  const isJwt = token?.resourceServer?.accessTokenFormat === 'jwt';
  const { idTokenId } = factsOf(ctx);
  return [
    ...names(Grant?.jti),
    ...(isJwt ? [token.jti] : names(token?.jti)),
    ...names(RefreshToken?.jti),
    ...(idTokenId === undefined ? [] : [idTokenId]),
  ];
}

/** That a refresh token was answered long after its rotation, as its device asked once more. */
function lateMark({ oidc }: KoaContextWithOIDC): Pick<Denial, 'detail'> {
  const { lateSeconds } = (oidc.entities.RotatedRefreshToken ?? {}) as Partial<GracefulToken>;
  return lateSeconds === undefined ? {} : { detail: { lateSeconds } };
}

/** What an exchanged token came from, and who acts with it. */
function chainOf(ctx: KoaContextWithOIDC): Pick<Denial, 'actors' | 'parents'> {
  const { chain } = factsOf(ctx);
  if (!chain) return {};
  return {
    actors: actorsOf(chain.act),
    // Grants name those that they descend from by the whole digest
    parents: chain.parents.map((name) => name.slice(0, shortNameLength)),
  };
}

/** Errors of `/authorize` that are a decision about a person rather than an app's mistake. */
const deniedErrors: ReadonlySet<string> = new Set([
  'access_denied',
  'temporarily_unavailable',
  'unmet_authentication_requirements',
]);

const stillWaiting: ReadonlySet<string> = new Set(['authorization_pending', 'slow_down']);

/** The app itself asks: it has authenticated. Who logs in to it is not known by that. */
function showedSecret({ oidc }: KoaContextWithOIDC, error: errors.OIDCProviderError): boolean {
  if (oidc.route !== 'token' || error.error === 'invalid_client') return false;
  // the secret was not even looked at
  if (error.cause instanceof TooManyAttempts) return false;
  return oidc.client !== undefined && oidc.client.clientAuthMethod !== 'none';
}

function reasonOf(error: errors.OIDCProviderError): Partial<Denial> {
  return {
    ...(error instanceof PolicyDenied ? whoWasDenied(error) : {}),
    reason: error.error_detail ?? error.error_description ?? error.error,
    detail: {
      error: error.error,
      ...(error instanceof PolicyDenied ? { trace: error.trace } : {}),
    },
  };
}

/** There is no account yet, and a session in the cookie may be somebody else's. */
function whoWasDenied({ identity }: PolicyDenied): Partial<Denial> {
  return {
    subject: subjectOf(identity),
    login: displayLogin(identity),
    device: identity.node.stableId,
  };
}

function deviceOf(ctx: KoaContextWithOIDC): string | undefined {
  const grant = ctx.oidc.grant as { device?: { stableId: string } } | undefined;
  return grant?.device?.stableId;
}

function names(...ids: (string | undefined)[]): string[] {
  return ids.filter((id) => id !== undefined).map(tokenName);
}
