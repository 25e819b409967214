import { requireLengths } from '../access/parameter-lengths.ts';
import type { ResourceDirectory } from '../access/resources.ts';
import { tokenExchangeGrant } from '../protocol/grant-types.ts';
import type { Parameters } from '../protocol/parameters.ts';
import { canonicalResource } from '../protocol/resource.ts';
import { isScope } from '../protocol/scope.ts';
import { knownClaims } from './claims-request.ts';

const knownPrompts: ReadonlySet<string> = new Set(['none', 'login', 'consent', 'select_account']);

/** What a login without `scope` is for: who is it, and how to reach them. */
export const defaultScope = 'openid profile email';

/** What a request may name. */
export interface Vocabulary {
  /** Scopes that say who somebody is. */
  readonly scopes: ReadonlySet<string>;
  readonly resources: ResourceDirectory;
}

/**
 * Makes what real apps send into what the standards ask for, before oidc-provider sees it. Changes `parameters` in
 * place; repeated parameters stay as they are, to be refused.
 * - what is too long to be kept is refused
 * - resources get the spelling of the configuration (`https://h/` is `https://h`, and `https://h/mcp/` the declared
 *   `https://h/mcp`)
 * - scopes are split at commas, too; unknown ones are dropped (RFC 6749 3.3 lets the server grant less), none at
 *   all means a sensible default
 * - unknown prompts are dropped (OpenID Connect Core 3.1.2.1 leaves them to the server), and a `nonce` for an ID token
 *   that nobody asked for
 * @throws errors.InvalidRequest
 */
export function normaliseAuthorization(parameters: Parameters, vocabulary: Vocabulary): void {
  requireLengths(parameters);
  spellResources(parameters, vocabulary);
  const { scope, prompt, claims } = parameters;
  if (typeof claims === 'string') parameters['claims'] = knownClaims(claims);
  if (!Array.isArray(scope)) {
    const known = words(scope).filter(knownScope(parameters, vocabulary));
    // offline access alone is access to nothing
    const isEmpty = known.every((word) => word === 'offline_access');
    parameters['scope'] = [...(isEmpty ? [defaultOf(parameters, vocabulary)] : []), ...known].join(
      ' ',
    );
  }
  if (!words([parameters['scope'] ?? ''].flat().join(' ')).includes('openid')) {
    delete parameters['nonce'];
  }
  if (typeof prompt === 'string') {
    const known = words(prompt).filter((word) => knownPrompts.has(word));
    if (known.length > 0) parameters['prompt'] = known.join(' ');
    else delete parameters['prompt'];
  }
}

/** Grants that answer for unknown scopes themselves: who asks for one there must not get all that there is. */
const exactGrants: ReadonlySet<unknown> = new Set(['client_credentials', tokenExchangeGrant]);

/** `/token`: a `scope` (of a refresh) may hold commas and unknown scopes, too; none left means "as before". */
export function normaliseToken(parameters: Parameters, vocabulary: Vocabulary): void {
  spellResources(parameters, vocabulary);
  const { scope, grant_type: grantType } = parameters;
  if (typeof scope !== 'string') return;
  const everywhere = { ...vocabulary, anyResource: urisOf(parameters).length === 0 };
  const isKnown = exactGrants.has(grantType) ? () => true : knownScope(parameters, everywhere);
  const known = words(scope).filter(isKnown);
  if (known.length > 0) parameters['scope'] = known.join(' ');
  else delete parameters['scope'];
}

/** One spelling each, none twice. */
function spellResources(parameters: Parameters, { resources }: Vocabulary): void {
  const uris = urisOf(parameters);
  if (uris.length === 0) return;
  const spelled = uris.map((uri) => resources.find(uri)?.uri ?? canonicalResource(uri));
  const [only, ...others] = new Set(spelled);
  parameters['resource'] = others.length > 0 && only !== undefined ? [only, ...others] : only;
}

/**
 * Which scopes mean something in this request: those that say who somebody is, and those of the resources that it
 * names; of a resource that only the policy knows, all.
 */
function knownScope(
  parameters: Parameters,
  { scopes, resources, anyResource = false }: Vocabulary & { readonly anyResource?: boolean },
): (scope: string) => boolean {
  const named = anyResource ? resources.all : urisOf(parameters).map((uri) => resources.find(uri));
  const isOpen = named.some((resource) => !resource?.scopes);
  // as one set: there may be as many resources as scopes, and both are the sender's (T37)
  const known = new Set(named.flatMap((resource) => [...(resource?.scopes?.keys() ?? [])]));
  return (scope) => scopes.has(scope) || (isScope(scope) && (isOpen || known.has(scope)));
}

/** Who names a resource and no scope means what there is of it; the policy gives less where it must. */
function defaultOf(parameters: Parameters, { resources }: Vocabulary): string {
  const uris = urisOf(parameters);
  if (uris.length === 0) return defaultScope;
  const all = uris.flatMap((uri) => [...(resources.find(uri)?.scopes?.keys() ?? [])]);
  return all.length > 0 ? [...new Set(all)].join(' ') : 'openid';
}

function urisOf({ resource }: Parameters): readonly string[] {
  return resource === undefined ? [] : [resource].flat();
}

function words(text: string | undefined): string[] {
  return [...new Set((text ?? '').split(/[\s,]+/).filter((word) => word !== ''))];
}

/**
 * HTTP Basic credentials of a client, in the encoding that RFC 6749 2.3.1 asks for. Many clients leave it out; what
 * does not decode was not encoded. Undefined when nothing is to be changed.
 */
export function normaliseBasic(authorization: string): string | undefined {
  const parts = basicParts(authorization);
  if (!parts || parts.every(isEncoded)) return undefined;
  const encoded = parts.map((part) => (isEncoded(part) ? part : encodeURIComponent(part)));
  return `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`;
}

/** The client that Basic credentials without a secret name; undefined for others. */
export function emptyBasicId(authorization: string): string | undefined {
  const [id = '', secret] = basicParts(authorization) ?? [];
  if (id === '' || secret !== '' || !isEncoded(id)) return undefined;
  return decodeURIComponent(id.replaceAll('+', ' '));
}

function basicParts(authorization: string): [string, string] | undefined {
  const match = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(authorization);
  if (!match?.[1]) return undefined;
  const text = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
