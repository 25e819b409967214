import Provider, { type Configuration } from 'oidc-provider';
import { originAllowed } from '../access/client-settings.ts';
import { carrierMethod } from '../access/peer-client.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { type ClientRegistry, clientAdapter } from '../clients/clients.ts';
import { providerFetch } from '../clients/documents/outgoing-fetch.ts';
import { createPushLimit } from '../clients/push-limit.ts';
import { createClientWriter } from '../clients/registration/registered-clients.ts';
import { registrationFeatures } from '../clients/registration/registration.ts';
import { recordUse } from '../clients/registration/registration-use.ts';
import type { SecretChecker } from '../clients/secrets.ts';
import { recordEvents } from '../engine/audit-events.ts';
import { clientDemands } from '../engine/client-demands.ts';
import { cookieNames } from '../engine/cookie-names.ts';
import { listGrantedScopes } from '../engine/granted-scope.ts';
import { modelAdapter } from '../engine/model-adapter.ts';
import { patchProvider } from '../engine/patches.ts';
import { refuseFutureProof } from '../engine/proof-time.ts';
import { renderError, renderLoggedOut, renderLogout } from '../engine/render.ts';
import { speakErrors } from '../engine/speak-errors.ts';
import { recordDeviceEvents } from '../flows/device/device-audit.ts';
import { showAllowed, showCodePage, showConfirmPage } from '../flows/device/device-pages.ts';
import {
  completeDeviceAnswers,
  deviceInfo,
  devicePath,
  noteRequester,
} from '../flows/device/device-request.ts';
import { userCodeFormat } from '../flows/device/user-code.ts';
import { exchangeTokens } from '../flows/exchange/token-exchange.ts';
import { clicklessLogin, clicklessParameter } from '../flows/login/clickless.ts';
import { recordConsents } from '../flows/login/consent-events.ts';
import { freshGrant } from '../flows/login/fresh-grant.ts';
import { createInteractionPolicy } from '../flows/login/interaction-policy.ts';
import { noteRefusals } from '../flows/login/untrusted-redirect.ts';
import { grantClientCredentials } from '../flows/machine/client-credentials.ts';
import { peerFeature } from '../flows/machine/peer-authentication.ts';
import type { OutgoingFetch } from '../outgoing/fetch.ts';
import { acrTailnet } from '../protocol/assurance.ts';
import { assertionAlgorithms } from '../protocol/jws.ts';
import { scopeClaims } from '../protocol/scope-claims.ts';
import { optionsMember } from '../store/client-members.ts';
import type { Store } from '../store/store.ts';
import { findAccount } from '../tokens/account.ts';
import { introspectionAllowed, revocationAllowed } from '../tokens/introspection.ts';
import type { ProviderKeys } from '../tokens/keys.ts';
import { lifetimes } from '../tokens/lifetimes.ts';
import { createJwtReader } from '../tokens/own-jwt.ts';
import { resourceInfo } from '../tokens/resource-info.ts';
import { SigningKey } from '../tokens/signing-key.ts';
import { tokenClaims } from '../tokens/token-claims.ts';

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
 * The oidc-provider instance: what can be configured, its patches (`engine/patches.ts`), our grant types, and who
 * listens to its events. It reads its keys once: keys that turn are a new instance over the same store
 * (`turning-provider.ts`).
 * @throws Error when the configuration makes no sense to oidc-provider; before anything listens
 */
export function createProvider(parts: ProviderParts): Provider {
  const { settings, store, secrets } = parts;
  const provider = new Provider(settings.issuer, configuration(parts));
  // behind every listener host and protocol are the issuer's, whatever the request said
  provider.proxy = true;
  const family = {
    grants: store.adapter('Grant'),
    ends: store.adapter('SessionEnd'),
    clock: settings.clock,
  };
  const readJwt = createJwtReader(parts.keys, settings.issuer, settings.clock);
  patchProvider(provider, { settings, family, secrets, readJwt });

  grantClientCredentials(provider, settings);
  exchangeTokens(provider, { readJwt, family }, settings);

  recordEvents(provider, settings);
  listGrantedScopes(provider);
  noteRefusals(provider);
  recordUse(provider, store.registrations, settings.clock);
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
        : modelAdapter(model, store.adapter(model), settings),
    claims: scopeClaims,
    ...clientDemands(settings),
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
    extraClientMetadata: { properties: [optionsMember], validator: () => undefined },
    extraParams: {
      [clicklessParameter]: async (ctx) => {
        await limitPushes(ctx);
        if (ctx.oidc.route === 'device_authorization') await noteRequester(ctx, settings);
        else await clicklessLogin(ctx, settings);
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
    renderError: (ctx, out, error) => renderError(ctx, out, error, settings),
    responseTypes: ['code'],
    revokeGrantPolicy: () => true,
    routes,
    scopes: ['openid', 'offline_access'],
    subjectTypes: ['public'],
    ttl: lifetimes(settings),
  };
}
