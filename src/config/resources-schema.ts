import { z } from 'zod';
import { isStableId } from '../peer/stable-id.ts';
import { checkClientId, checkClientName, machinePrefix } from '../protocol/client-names.ts';
import { canonicalResource } from '../protocol/resource.ts';
import { identityScopes, isScope } from '../protocol/scope.ts';
import { listOf, members, oneOf, text, whole } from '../schema/fields.ts';

/** Resource servers (RFC 8707), as the configuration file declares them. */

/**
 * Why `uri` can't be a resource's identifier: an absolute URI without a fragment (RFC 8707 section 2), or a name that
 * others want as audience (`sts.amazonaws.com`, `//iam.googleapis.com/…`).
 */
export const checkResourceUri = (uri: string): string | undefined => {
  if (uri.length > 2000 || !/^[\x21\x23-\x5b\x5d-\x7e]+$/u.test(uri)) {
    return 'must be a URI such as "https://mcp.tail1234.ts.net/mcp", or an audience such as "sts.amazonaws.com", of printable ASCII';
  }
  if (uri.includes('#')) return 'must not have a fragment (RFC 8707 section 2)';
  if (uri.startsWith(machinePrefix) && isStableId(uri.slice(machinePrefix.length))) {
    return 'is what a machine is called as a client: a token for it would pass for a login of that machine';
  }
  const { username = '', password = '' } = URL.parse(uri) ?? {};
  return username === '' && password === '' ? undefined : 'must not hold a user name';
};

const checkResourceScope = (scope: string): string | undefined => {
  if (!isScope(scope) || scope.includes(',')) {
    return 'must be a scope (RFC 6749 section 3.3) without a comma';
  }
  return identityScopes.has(scope)
    ? 'is a scope that says who somebody is: every client may ask for it'
    : undefined;
};

const scopeText = text((words) =>
  words.trim() === '' || words.length > 200
    ? 'must be a description for people, at most 200 characters'
    : undefined,
);

const scopes = z
  .record(text(checkResourceScope), scopeText, {
    // of a name that is no good, why
    error: ({ code, issues }) =>
      code === 'invalid_key'
        ? (issues as readonly { readonly message: string }[])
            .map(({ message }) => `has a name that ${message}`)
            .join('; ')
        : 'must be an object: { "scope": "words for people", … }',
  })
  .refine((all) => Object.keys(all).length <= 200, { error: 'must have at most 200 scopes' });

/** What an access token for the resource may say of the person beside who it is. */
export const resourceClaims = ['email', 'groups', 'name', 'preferred_username'] as const;

/** Longer, a verifier that never asks us would accept a JWT long after it was revoked. */
const maxJwtSeconds = 900;
const daySeconds = 86_400;

export const resourceSchema = members({
  uri: text(checkResourceUri).describe(
    'What clients send as `resource`, and what tokens have as `aud`: a URI, with or without a slash for an empty path, or an audience that is not a URI, such as `sts.amazonaws.com`. No client may have it as its ID.',
  ),
  name: text(checkClientName).optional().describe('What pages call it. Default: the URI.'),
  scopes: scopes
    .default({})
    .describe('Every scope that it knows, each with the words that the consent page shows.'),
  openScopes: listOf(text(checkResourceScope), 0, 200)
    .default([])
    .describe(
      'Those of its scopes that need no grant: everybody who may enter the app may have them.',
    ),
  tokenFormat: oneOf(['jwt', 'opaque'])
    .default('jwt')
    .describe(
      'jwt: the resource verifies tokens by itself (RFC 9068). opaque: it asks the introspection endpoint.',
    ),
  ttlSeconds: whole(
    1,
    daySeconds,
    maxJwtSeconds,
    'How long its access tokens live; JWTs at most 900 s.',
  ),
  algorithm: oneOf(['RS256', 'ES256', 'EdDSA'])
    .default('RS256')
    .describe('How its JWTs are signed.'),
  claims: listOf(oneOf(resourceClaims), 0, resourceClaims.length)
    .default([])
    .describe('Claims about the person in its access tokens, beside `sub`.'),
  clients: listOf(text(checkClientId), 0, 50)
    .default([])
    .describe(
      'IDs of the clients that are this resource: they may introspect its tokens, and exchange them.',
    ),
}).superRefine((resource, context) => {
  const unknown = resource.openScopes.filter((scope) => !Object.hasOwn(resource.scopes, scope));
  if (unknown.length > 0) {
    context.addIssue({
      code: 'custom',
      path: ['openScopes'],
      message: `must be among "scopes": ${unknown.join(', ')}`,
    });
  }
  if (resource.tokenFormat === 'jwt' && resource.ttlSeconds > maxJwtSeconds) {
    const message = `must be at most ${maxJwtSeconds} for JWTs; tokenFormat "opaque" may live longer`;
    context.addIssue({ code: 'custom', path: ['ttlSeconds'], message });
  }
});

export type ResourceConfig = z.output<typeof resourceSchema>;

export const resourcesSchema = z
  .array(resourceSchema, { error: 'must be a list: [ … ]' })
  .max(500, { error: 'must be a list of at most 500 entries' })
  .superRefine((all, context) => {
    const uris = all.map(({ uri }) => canonicalResource(uri));
    for (const [index, uri] of uris.entries()) {
      const first = uris.indexOf(uri);
      if (first === index) continue;
      const message = `is the same as of resources[${first}]: remove one`;
      context.addIssue({ code: 'custom', path: [index, 'uri'], message });
    }
  })
  .default([])
  .describe('APIs and MCP servers that tokens are for (RFC 8707).');
