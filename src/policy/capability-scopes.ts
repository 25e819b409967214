import type { z } from 'zod';
import type { CapMap } from '../peer/whois.ts';
import { isScope } from '../protocol/scope.ts';
import { members, text } from '../schema/fields.ts';
import { capabilityValues } from './grant.ts';
import { isJsonPointer, pointTo } from './json-pointer.ts';

const checkCapability = (name: string): string | undefined =>
  /^[\x21-\x7e]{1,200}$/u.test(name)
    ? undefined
    : 'must be a capability such as "example.com/cap/mcp-tools"';

const checkPointer = (pointer: string): string | undefined =>
  pointer.length <= 1000 && isJsonPointer(pointer)
    ? undefined
    : 'must be a JSON pointer (RFC 6901) such as "/capabilities"';

const checkPrefix = (prefix: string): string | undefined =>
  /^[\x21\x23-\x29\x2b\x2d-\x5b\x5d-\x7e]{0,100}$/u.test(prefix)
    ? undefined
    : 'must be the beginning of a scope such as "mcp:", at most 100 characters';

const checkResource = (uri: string): string | undefined =>
  URL.canParse(uri) && !uri.includes('#')
    ? undefined
    : 'must be the URI of a resource, without a fragment (RFC 8707 section 2)';

/** One entry of the configuration's `capabilityScopes`. */
export const capabilityScopesSchema = members({
  capability: text(checkCapability).describe('A capability of the tailnet policy.'),
  pointer: text(checkPointer)
    .default('')
    .describe(
      "JSON pointer (RFC 6901) from each of the capability's values to a text or a list of texts.",
    ),
  prefix: text(checkPrefix).default('').describe('Stands before each text to make it a scope.'),
  resource: text(checkResource)
    .optional()
    .describe('The scopes hold at this resource alone. Default: at every one.'),
}).describe("Makes scopes of a capability that the tailnet's policy uses already.");

export type CapabilityScopes = z.output<typeof capabilityScopesSchema>;

export interface MappedScope {
  readonly scope: string;
  readonly resource: string | undefined;
  readonly capability: string;
}

export interface MappedScopes {
  readonly scopes: readonly MappedScope[];
  /** What was ignored because it makes no scope; names places, never values. */
  readonly problems: readonly string[];
}

const maxScopes = 1000;

/** What the peer's other capabilities give it, by the configuration's mappings. Never throws; bounded. */
export function scopesOfCapabilities(
  mappings: readonly CapabilityScopes[],
  capMap: CapMap | null | undefined,
): MappedScopes {
  const problems: string[] = [];
  const scopes = mappings.flatMap((mapping) => scopesOfMapping(mapping, capMap, problems));
  return { scopes, problems };
}

function scopesOfMapping(
  { capability, pointer, prefix, resource }: CapabilityScopes,
  capMap: CapMap | null | undefined,
  problems: string[],
): MappedScope[] {
  const found = new Set<string>();
  for (const [index, value] of capabilityValues(capMap, capability).entries()) {
    const named = pointTo(value, pointer);
    // a value that says nothing at the pointer is about something else
    if (named === undefined) continue;
    const all = (Array.isArray(named) ? named : [named]).slice(0, maxScopes);
    const good = all.flatMap((text) => {
      const scope = typeof text === 'string' && text !== '' ? `${prefix}${text}` : '';
      return isScope(scope) ? [scope] : [];
    });
    if (good.length < all.length) {
      problems.push(`${capability}: value ${index}: something at "${pointer}" makes no scope`);
    }
    for (const scope of good) found.add(scope);
    if (found.size > maxScopes || problems.length > maxScopes) break;
  }
  return [...found].slice(0, maxScopes).map((scope) => ({ scope, resource, capability }));
}
