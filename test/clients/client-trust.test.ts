import { describe, expect, it } from 'vitest';
import { isApproved, trustDigest } from '../../src/clients/client-trust.ts';
import { readMetadataDocument } from '../../src/protocol/metadata-document.ts';
import { normaliseRegistration } from '../../src/protocol/normalise-registration.ts';

type Members = Record<string, unknown>;

const key = { kty: 'OKP', crv: 'Ed25519', x: 'FXmBNG79DyIVCvSzQpC82pFPtyJSUKwhyQoVDDAlSzI' };
const otherKey = { ...key, x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

/** Everything that a client may say of itself. */
const everything: Members = {
  client_name: 'An agent',
  redirect_uris: ['https://agent.test/cb', 'https://agent.test/other'],
  post_logout_redirect_uris: ['https://agent.test/bye'],
  grant_types: ['authorization_code'],
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [key] },
  application_type: 'web',
  client_uri: 'https://agent.test/',
  policy_uri: 'https://agent.test/policy',
  tos_uri: 'https://agent.test/terms',
  contacts: ['dev@agent.test'],
  dpop_bound_access_tokens: true,
  require_pushed_authorization_requests: true,
  id_token_signed_response_alg: 'RS256',
};

/** Each member, changed: is it another client to whoever approved it, or allowed it something? */
const changes: readonly (readonly [string, Members, boolean])[] = [
  // what it says it is
  ['client_name', { client_name: 'Grafana' }, true],
  ['client_uri', { client_uri: 'https://evil.test/' }, true],
  ['contacts', { contacts: ['dev@evil.test'] }, true],
  ['application_type', { application_type: 'native' }, true],
  // where it sends people
  ['redirect_uris', { redirect_uris: ['https://agent.test/cb', 'https://evil.test/'] }, true],
  ['redirect_uris', { redirect_uris: ['https://agent.test/cb'] }, true],
  ['post_logout_redirect_uris', { post_logout_redirect_uris: ['https://evil.test/'] }, true],
  ['post_logout_redirect_uris', { post_logout_redirect_uris: undefined }, true],
  // how it proves who it is
  ['token_endpoint_auth_method', { token_endpoint_auth_method: 'none' }, true],
  ['jwks', { jwks: { keys: [otherKey] } }, true],
  ['jwks', { jwks: { keys: [key, otherKey] } }, true],
  // what it can do, and demands of itself
  ['grant_types', { grant_types: ['authorization_code', 'refresh_token'] }, true],
  ['dpop_bound_access_tokens', { dpop_bound_access_tokens: false }, true],
  ['require_pushed_authorization_requests', { require_pushed_authorization_requests: false }, true],
  // neither who nor where
  ['id_token_signed_response_alg', { id_token_signed_response_alg: 'ES256' }, false],
  [
    'redirect_uris',
    { redirect_uris: ['https://agent.test/other', 'https://agent.test/cb'] },
    false,
  ],
  // not kept
  ['policy_uri', { policy_uri: 'https://evil.test/' }, false],
  ['tos_uri', { tos_uri: 'https://evil.test/' }, false],
  ['scope', { scope: 'openid' }, false],
  ['logo_uri', { logo_uri: 'https://evil.test/logo.png' }, false],
  ['software_version', { software_version: '2' }, false],
  ['tsidp', { tsidp: { approved: true } }, false],
  ['tsidp_approved', { tsidp_approved: true }, false],
];

const url = 'https://agent.test/client.json';
const sources: Readonly<Record<string, (members: Members) => Members>> = {
  'a registration': normaliseRegistration,
  'a metadata document': (members) => {
    const read = readMetadataDocument(url, JSON.stringify({ client_id: url, ...members }));
    if (!read.ok) throw new Error(read.reason);
    return read.metadata;
  },
};
const digestOf = (metadata: Members, secretVerifier: string | null = null): string =>
  trustDigest({ metadata, secretVerifier });

describe.each(Object.entries(sources))(
  'T41 another client than was looked at: %s',
  (source, read) => {
    // a document says nothing by its type: `web`, always
    const heard = changes.filter(
      ([name]) => name !== 'application_type' || source === 'a registration',
    );
    it.each(heard)('%s %j: %j', (_name, change, isOther) => {
      expect(digestOf(read({ ...everything, ...change })) !== digestOf(read(everything))).toBe(
        isOther,
      );
    });

    it('is decided above for every member that gets through', () => {
      const kept = Object.keys(read(everything));
      const decided = new Set(changes.map(([name]) => name));
      // there is but this one
      expect(kept.filter((name) => !decided.has(name))).toEqual(['response_types']);
    });
  },
);

describe('T41 another client than was looked at', () => {
  it('has its keys elsewhere, or signs with another algorithm', () => {
    const withKeys = (more: Members): string => {
      const { jwks: _, ...rest } = everything;
      const read = sources['a metadata document'];
      return digestOf(read?.({ ...rest, jwks_uri: 'https://agent.test/keys', ...more }) ?? {});
    };
    const digests = [
      withKeys({}),
      withKeys({ jwks_uri: 'https://evil.test/keys' }),
      withKeys({ token_endpoint_auth_signing_alg: 'ES256' }),
    ];
    expect(new Set(digests).size).toBe(3);
  });

  it('has another secret', () => {
    const digests = [null, 'hmac-sha256:a', 'hmac-sha256:b'].map((one) => digestOf({}, one));
    expect(new Set(digests).size).toBe(3);
  });

  it('has a member of which nobody has heard yet, at whatever depth', () => {
    expect(digestOf({ made_up: 'a' })).not.toBe(digestOf({}));
    expect(digestOf({ jwks: { keys: [{ a: 1 }] } })).not.toBe(
      digestOf({ jwks: { keys: [{ a: 2 }] } }),
    );
  });

  it('is none by what we and operators say of it', () => {
    const said = { approved: true, quarantined: true, dynamic: true };
    // as oidc-provider carries it
    expect(digestOf({ ...everything, tsidp: said })).toBe(digestOf(everything));
    expect([isApproved({ options: said }), isApproved({ options: {} })]).toEqual([true, false]);
  });
});
