import fc from 'fast-check';
import type { Client } from 'oidc-provider';
import { expect, test } from 'vitest';
import { createResources, maxJwtSeconds } from '../../../src/access/resources.ts';
import type { ProviderSettings } from '../../../src/access/settings.ts';
import { narrow } from '../../../src/flows/exchange/exchange-scopes.ts';
import { capability } from '../../../src/policy/grant.ts';
import { identityScopes } from '../../../src/protocol/scope.ts';

const now = 1_800_000_000;
const declared = { name: undefined, openScopes: [], algorithm: 'RS256', claims: [], clients: [] };
const resources = createResources([
  {
    ...declared,
    uri: 'https://a',
    scopes: { r: 'r', w: 'w' },
    tokenFormat: 'jwt',
    ttlSeconds: 300,
  },
  {
    ...declared,
    uri: 'https://b',
    scopes: { r: 'r', x: 'x' },
    openScopes: ['x'],
    tokenFormat: 'opaque',
    ttlSeconds: 86_400,
  },
] as never);
const settings = {
  clock: { nowSeconds: () => now },
  resources,
  capabilityScopes: [],
} as unknown as ProviderSettings;

const scope: fc.Arbitrary<string> = fc.constantFrom(
  'r',
  'w',
  'x',
  'unknown',
  'openid',
  'email',
  'offline_access',
);
const scopes = fc.uniqueArray(scope);
const uri = fc.constantFrom('https://a', 'https://b', 'https://undeclared', 'name');

const request = fc.record({
  targets: fc.uniqueArray(uri, { maxLength: 3 }),
  asked: fc.option(scopes, { nil: undefined }),
  tokenType: fc.constantFrom('jwt' as const, 'access_token' as const),
  has: scopes,
  isLimited: fc.boolean(),
  left: fc.integer({ min: -10, max: 90_000 }),
  granted: scopes,
  ofClient: fc.option(scopes, { nil: undefined }),
});
type Request = typeof request extends fc.Arbitrary<infer Value> ? Value : never;

/** The new token, or undefined for one of the errors that there may be. */
function tokenFor({ targets, asked, tokenType, has, isLimited, left, granted, ofClient }: Request) {
  const grantTypeAllowed = () => false;
  const own = ofClient ? { tsidp: { scopes: ofClient } } : {};
  const client = { clientId: 'c', grantTypeAllowed, ...own };
  const capMap = { [capability]: granted.length > 0 ? [{ scopes: granted }] : [] };
  try {
    return narrow(
      { targets, scopes: asked, tokenType },
      { scopes: has, isLimited, expiresAt: now + left },
      { known: { ok: true, capMap } as never, client: client as unknown as Client },
      settings,
    );
  } catch (error) {
    const { name } = (error as Error).constructor;
    expect(['InvalidScope', 'InvalidTarget', 'InvalidRequest']).toContain(name);
    return undefined;
  }
}

type Given = NonNullable<ReturnType<typeof tokenFor>>;

/** Why a token must not have this scope; undefined: it may. */
function excess(one: string, { resources: at }: Given, whole: Request): string | undefined {
  const { has, asked, ofClient, granted, isLimited } = whole;
  const isIdentity = identityScopes.has(one);
  if (one === 'offline_access') return 'it never travels';
  if ((isIdentity || isLimited) && !has.includes(one)) return 'the token had it not';
  if (asked && !asked.includes(one)) return 'nobody asked for it';
  if (ofClient && !ofClient.includes(one)) return 'the client may not have it';
  if (isIdentity) return undefined;
  const isEverywhere = at.every(
    ({ scopes: its, openScopes }) =>
      (its?.has(one) ?? true) && (openScopes.includes(one) || granted.includes(one)),
  );
  return isEverywhere ? undefined : 'a resource does not know it, or no grant gives it there';
}

test('T05 whatever is asked: no scope beyond the token, the grants, the client and each resource; no longer life', () => {
  let issued = 0;
  fc.assert(
    fc.property(request, (asked) => {
      const given = tokenFor(asked);
      if (!given) return;
      issued += 1;
      expect(given.expiresAt).toBeLessThanOrEqual(now + asked.left);
      expect(given.expiresAt).toBeGreaterThan(now);
      expect(given.scopes.map((one) => excess(one, given, asked)).filter(Boolean)).toEqual([]);
      if (asked.tokenType !== 'jwt') return;
      expect(given.expiresAt - now).toBeLessThanOrEqual(maxJwtSeconds);
      expect(given.resources.map((one) => one.uri)).not.toContain('name');
    }),
    { numRuns: 1000 },
  );
  expect(issued).toBeGreaterThan(200);
});
