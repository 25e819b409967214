import type { Identity } from '../identity/identity.ts';
import type { AppCapabilities } from './decision.ts';

/** Our own node, as status tells of it. */
export interface OwnNode {
  readonly tags: readonly string[];
  /** Canonical addresses. */
  readonly addresses: readonly string[];
}

export interface Suggestion {
  readonly src: readonly string[];
  readonly dst: readonly string[];
  readonly app: AppCapabilities;
}

/**
 * The grant that would change a denial: from this person's login, or the machine's first tag, to our own node. A
 * tagged node of ours is named by its tag, so that the grant outlives the node.
 * @param remedy of the decision; without one no grant can help
 * @returns undefined where there is nothing to suggest
 */
export function suggestGrant(
  remedy: AppCapabilities | undefined,
  identity: Identity,
  self: OwnNode,
): Suggestion | undefined {
  const src = identity.kind === 'user' ? userSelector(identity.login) : identity.tags[0];
  const dst = self.tags[0] ?? self.addresses[0];
  if (!remedy || src === undefined || dst === undefined) return undefined;
  return { src: [src], dst: [dst], app: remedy };
}

/** Headscale's policies write a login that lacks an `@` as `carol@`. */
function userSelector(login: string): string {
  return login.includes('@') ? login : `${login}@`;
}

/** The suggestion as it stands in the `grants` of a policy file: HuJSON, with a comma at its end. */
export function formatGrant({ src, dst, app }: Suggestion): string {
  return [
    '{',
    `  "src": ${inline(src)},`,
    `  "dst": ${inline(dst)},`,
    '  "app": {',
    ...Object.entries(app).map(([name, values]) => `    ${quoted(name)}: ${inline(values)},`),
    '  },',
    '},',
  ].join('\n');
}

/** JSON on one line, as people write it. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return quoted(value);
  const entries = Object.entries(value).map(([key, inner]) => `${quoted(key)}: ${inline(inner)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/** Characters that could make the text look like another one, or cover it, are escaped. */
function quoted(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00a0]|(?<=\p{M})\p{M}/gu,
    (character) =>
      character
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
  );
}
