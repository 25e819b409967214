import Provider, { type Configuration } from 'oidc-provider';
import type { OutgoingFetch } from '../outgoing/fetch.ts';
import type { Store } from '../store/store.ts';
import { findAccount } from './account/account.ts';
import { keepExtraClaims } from './account/claims-result.ts';
import { scopeClaims } from './account/scope-claims.ts';
import { tokenClaims } from './account/token-claims.ts';
import { recordEvents } from './audit-events.ts';
import {
  assertionAlgorithms,
  checkAssertion,
  tolerateClientClocks,
} from './client/client-assertion.ts';
import { originAllowed, ownClientMetadata } from './client/client-settings.ts';
import { type ClientRegistry, clientAdapter, ownClientRules } from './client/clients.ts';
import { refuseFutureProof } from './client/proof-time.ts';
import { createPushLimit } from './client/push-limit.ts';
import { limitReplayMarks } from './client/replay-limit.ts';
import type { SecretChecker } from './client/secrets.ts';
import { recordDeviceEvents } from './device/device-audit.ts';
import { keepDeviceCodes } from './device/device-codes.ts';
import { showAllowed, showCodePage, showConfirmPage } from './device/device-pages.ts';
import { completeDeviceAnswers, deviceInfo, devicePath } from './device/device-request.ts';
import { userCodeFormat } from './device/user-code.ts';
import { providerFetch } from './documents/outgoing-fetch.ts';
import { speakErrors } from './errors.ts';
import { exchangeTokens } from './exchange/token-exchange.ts';
import { leanModels } from './lean-models.ts';
import { acrTailnet } from './login/assurance.ts';
import { clicklessLogin, clicklessParameter } from './login/clickless.ts';
import { keepCodes } from './login/code-guard.ts';
import { recordConsents } from './login/consent-events.ts';
import { cookieNames } from './login/cookie-names.ts';
import { freshGrant, keepDevice } from './login/grants.ts';
import { requireExactHints } from './login/id-token-hint.ts';
import { createInteractionPolicy } from './login/interaction-policy.ts';
import { keepGrace } from './login/refresh-grace.ts';
import { endWithSession } from './login/session-end.ts';
import { noteRefusals } from './login/untrusted-redirect.ts';
import { keepWaiting } from './login/waiting.ts';
import { grantClientCredentials } from './machine/client-credentials.ts';
import { keepClientGrants } from './machine/client-token.ts';
import { peerFeature } from './machine/peer-authentication.ts';
import { carrierMethod } from './machine/peer-client.ts';
import { orderIds } from './ordered-ids.ts';
import { createClientWriter } from './registration/registered-clients.ts';
import { registrationFeatures } from './registration/registration.ts';
import { recordUse } from './registration/registration-use.ts';
import { renderError, renderLoggedOut, renderLogout } from './render.ts';
import type { ProviderSettings } from './settings.ts';
import { introspectionAllowed, revocationAllowed } from './token/introspection.ts';
import type { ProviderKeys } from './token/keys.ts';
import { lifetimes } from './token/lifetimes.ts';
import { createJwtReader } from './token/own-jwt.ts';
import { resourceInfo } from './token/resource-info.ts';
import { SigningKey } from './token/signing-key.ts';
import { keepStructuredTokens } from './token/structured-tokens.ts';

export interface ProviderParts {
  readonly settings: ProviderSettings;
  readonly store: Store;
  readonly keys: ProviderKeys;
  readonly clients: ClientRegistry;
  /** For what clients name by URL. */
  readonly fetch: OutgoingFetch;
  /** Whether client ID metadata documents are accepted, and so advertised. */
  readonly hasMetadataDocuments: boolean;
  readonly secrets: SecretChecker;
  /** The stored key of purpose `client-secret`. */
  readonly secretKey: Buffer;
}

/** Paths of the endpoints, tsidp's where tsidp has them. */
export const routes = {
  authorization: '/authorize',
  token: '/token',
  userinfo: '/userinfo',
  introspection: '/introspect',
  revocation: '/revoke',
  jwks: '/.well-known/jwks.json',
  end_session: '/logout',
  device_authorization: '/device_authorization',
  code_verification: devicePath,
  pushed_authorization_request: '/request',
  registration: '/register',
} as const;

/**
 * The oidc-provider instance. It reads its keys once: a rotation is a new instance over the same store.
 * @throws Error when the configuration makes no sense to oidc-provider; before anything listens
 */
export function createProvider(parts: ProviderParts): Provider {
  const { settings } = parts;
  const provider = new Provider(settings.issuer, configuration(parts));
  // behind every listener host and protocol are the issuer's, whatever the request said
  provider.proxy = true;
  leanModels(provider);
  orderIds(provider);
  keepExtraClaims(provider);
  keepDevice(provider);
  const family = {
    grants: parts.store.adapter('Grant'),
    ends: parts.store.adapter('SessionEnd'),
    clock: settings.clock,
  };
  endWithSession(provider, family);
  keepWaiting(provider, settings);
  keepCodes(provider, settings);
  keepDeviceCodes(provider, settings);
  keepGrace(provider, settings);
  keepClientGrants(provider);
  grantClientCredentials(provider, settings);
  const readJwt = createJwtReader(parts.keys, settings.issuer, settings.clock);
  keepStructuredTokens(provider, readJwt, settings.clock);
  exchangeTokens(provider, { readJwt, family }, settings);
  requireExactHints(provider);
  ownClientRules(provider, parts.secrets);
  tolerateClientClocks(provider);
  limitReplayMarks(provider, settings.clock);
  recordEvents(provider, settings);
  noteRefusals(provider);
  recordUse(provider, parts.store.registrations, settings.clock);
  recordConsents(provider, settings);
  recordDeviceEvents(provider, settings);
  completeDeviceAnswers(provider, settings);
  speakErrors(provider);
  return provider;
}

function configuration(parts: ProviderParts): Configuration {
  const { settings, store, keys, clients } = parts;
  const writer = createClientWriter(parts);
  const limitPushes = createPushLimit(settings.clock);
  const secure = settings.issuer.startsWith('https:');
  const cookie = { httpOnly: true, overwrite: true, secure, signed: false } as const;
  return {
    acrValues: [acrTailnet],
    // OpenID Connect Core 3.1.2.1 demands the parameter, and so did tsidp
    allowOmittingSingleRegisteredRedirectUri: false,
    adapter: (model) =>
      model === 'Client'
        ? clientAdapter(clients, writer, settings.tokenExchange.enabled)
        : store.adapter(model),
    claims: scopeClaims,
    assertJwtClientAuthClaimsAndHeader: (ctx, claims) =>
      checkAssertion(ctx, claims, settings.clock),
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'none',
      carrierMethod,
    ],
    // all that expires was issued here, on this clock: lifetimes are exact (oidc-provider's default is 15 s more)
    clockTolerance: 0,
    clientBasedCORS: (_ctx, origin, client) => originAllowed(origin, client),
    clientDefaults: {
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'RS256',
      token_endpoint_auth_method: 'client_secret_basic',
    },
    // many apps read claims from the ID token alone
    conformIdTokenClaims: false,
    cookies: {
      keys: keys.cookies,
      names: { ...cookieNames(settings.issuer) },
      // a POST from an app's page must bring the session along; browsers take `None` over HTTPS only
      long: { ...cookie, sameSite: secure ? 'none' : 'lax' },
      short: { ...cookie, sameSite: 'lax' },
    },
    discovery: {
      service_documentation: undefined,
      ...(parts.hasMetadataDocuments ? { client_id_metadata_document_supported: true } : {}),
    },
    enabledJWA: {
      clientAuthSigningAlgValues: [...assertionAlgorithms],
      idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'],
    },
    expiresWithSession: () => false,
    extraClientMetadata: { properties: [...ownClientMetadata], validator: () => undefined },
    extraParams: {
      [clicklessParameter]: async (ctx) => {
        await limitPushes(ctx);
        await clicklessLogin(ctx, settings);
      },
    },
    features: {
      claimsParameter: { enabled: true },
      devInteractions: { enabled: false },
      deviceFlow: {
        enabled: true,
        ...userCodeFormat,
        deviceInfo,
        userCodeInputSource: (ctx, _form, out, error) => showCodePage(ctx, out, error, settings),
        userCodeConfirmSource: (ctx, _form, _client, _info, code) =>
          showConfirmPage(ctx, code, settings),
        successSource: (ctx) => showAllowed(ctx, settings),
      },
      dPoP: { enabled: true, requireNonce: (ctx) => refuseFutureProof(ctx, settings.clock) },
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
      introspection: {
        enabled: true,
        allowedPolicy: (ctx, client, token) => introspectionAllowed(ctx, client, token, settings),
      },
      mTLS: peerFeature,
      resourceIndicators: {
        enabled: true,
        // no client has one of its own: several that were granted must be told apart by the client
        defaultResource: (_ctx, _client, oneOf) => oneOf as never,
        getResourceServerInfo: (ctx, uri, client) => resourceInfo(ctx, uri, client, settings),
        // who named a resource at the login means it at the token endpoint, too (RFC 8707 section 2.2)
        useGrantedResource: () => true,
      },
      ...registrationFeatures(settings.registration.mode !== 'off', parts.secretKey),
      revocation: { enabled: true, allowedPolicy: revocationAllowed },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => renderLogout(ctx, form, settings),
        postLogoutSuccessSource: (ctx) => renderLoggedOut(ctx, settings),
      },
    },
    extraTokenClaims: (ctx, token) => tokenClaims(ctx, token, settings),
    fetch: providerFetch(parts.fetch, settings.clock),
    findAccount: (ctx, subject, token) => findAccount(ctx, subject, token as never, settings),
    interactions: {
      policy: createInteractionPolicy(settings),
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys: keys.signing.map((key) => new SigningKey(key)) },
    loadExistingGrant: (ctx) => freshGrant(ctx, settings),
    pkce: { required: (_ctx, client) => client.clientAuthMethod === 'none' },
    renderError: (ctx, out, error) => renderError(ctx, out, error, settings),
    responseTypes: ['code'],
    revokeGrantPolicy: () => true,
    rotateRefreshToken: true,
    routes,
    scopes: ['openid', 'offline_access'],
    subjectTypes: ['public'],
    ttl: lifetimes(settings),
  };
}

/** Scopes that mean something here; others are dropped before oidc-provider sees them. */
export const supportedScopes: ReadonlySet<string> = new Set([
  ...Object.keys(scopeClaims),
  'offline_access',
]);
