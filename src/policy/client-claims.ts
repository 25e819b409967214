import { z } from 'zod';
import { listOf, members, oneOf, text } from '../config/fields.ts';
import { isProtectedClaim } from './protected-claims.ts';

/** What a template may name, each for whoever logs in. */
export const placeholders = [
  'login',
  'username',
  'email',
  'name',
  'node',
  'tailnet',
  'sub',
] as const;

export type Placeholder = (typeof placeholders)[number];

/** Claims by which apps tell people apart: nothing that could be the same for two. */
const naming: ReadonlySet<string> = new Set(['username', 'preferred_username', 'nickname']);
const distinct: ReadonlySet<string> = new Set(['login', 'username', 'email', 'sub']);

const placeholder = /\{([^{}]*)\}/gu;

const checkTemplate = (template: string): string | undefined => {
  if (template.length > 500 || /\p{C}/u.test(template)) {
    return 'must be at most 500 printable characters';
  }
  const unknown = [...template.matchAll(placeholder)].find(
    ([, name]) => !placeholders.some((known) => known === name),
  );
  return unknown || /[{}]/u.test(template.replace(placeholder, ''))
    ? `must hold only ${placeholders.map((name) => `{${name}}`).join(' ')} in braces`
    : undefined;
};

const checkClaim = (name: string): string | undefined =>
  /^[\x21-\x7e]{1,200}$/u.test(name) ? undefined : 'must be the name of a claim';

const checkText = (value: string): string | undefined =>
  value.length <= 2000 ? undefined : 'must be at most 2000 characters';

const constant = z.union(
  [
    text(checkText),
    z.number(),
    z.boolean(),
    z.array(text(checkText)).max(100, { error: 'must be a list of at most 100 entries' }),
  ],
  { error: 'must be text, a number, true, false or a list of texts' },
);

const source = members({
  from: text(checkClaim).optional().describe('The value of this claim, where there is one.'),
  value: constant.optional().describe('Always this.'),
  template: text(checkTemplate)
    .optional()
    .describe(`Text with ${placeholders.map((name) => `{${name}}`).join(' ')} filled in.`),
}).refine((given) => Object.keys(given).length === 1, {
  error: 'must have one of "from", "value" and "template"',
});

const claimSources = z
  .record(z.string(), source, { error: 'must be an object: { … }' })
  .superRefine((sources, context) => {
    for (const [name, given] of Object.entries(sources)) {
      const message = refuseClaim(name, given);
      if (message) context.addIssue({ code: 'custom', path: [name], message });
    }
  });

/** A client's configuration: `claims`. */
export const clientClaimsSchema = members({
  groups: oneOf(['scope', 'always'])
    .default('scope')
    .describe('When the groups of grants stand in tokens: under the groups scope, or always.'),
  groupNames: z
    .record(z.string(), text(checkClaim), { error: 'must be an object: { … }' })
    .default({})
    .describe('Other names for groups, in this app. Groups not named here stay as they are.'),
  addGroups: listOf(text(checkClaim), 1, 100)
    .optional()
    .describe('Groups that everybody who enters this app has.'),
  set: claimSources
    .default({})
    .describe('Claims to add: the name, and where its value comes from.'),
}).describe('What this app finds in ID token and userinfo, beyond the usual.');

export type ClientClaims = z.output<typeof clientClaimsSchema>;
export type ClaimSource = z.output<typeof source>;

/** Why this claim can't be set so; the configuration is refused with it. */
function refuseClaim(name: string, given: ClaimSource): string | undefined {
  const bad = checkClaim(name);
  if (bad) return bad;
  if (!naming.has(name)) {
    return isProtectedClaim(name) ? 'must not be set: this server vouches for it' : undefined;
  }
  return isDistinct(given)
    ? undefined
    : `must differ from person to person: "from" or "template" with one of ${[...distinct].map((known) => `{${known}}`).join(' ')}`;
}

/** With one placeholder alone, two values are only equal where what it stands for is. */
function isDistinct({ from, template }: ClaimSource): boolean {
  if (from !== undefined) return distinct.has(from);
  const named = [...(template ?? '').matchAll(placeholder)];
  return named.length === 1 && distinct.has(named[0]?.[1] ?? '');
}

export interface ClaimFacts {
  /** Every claim of this person or machine, whatever the scopes; `from` reads them. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly placeholders: Readonly<Partial<Record<Placeholder, string>>>;
}

/** The claims that `set` adds. One whose source is not there (an email of a machine) is left out. */
export function mappedClaims(
  set: ClientClaims['set'],
  facts: ClaimFacts,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(set)
    // the configuration was refused already; a client from elsewhere was not
    .filter(([name, given]) => refuseClaim(name, given) === undefined)
    .map(([name, given]) => [name, claimValue(given, facts)] as const)
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}

function claimValue({ from, value, template }: ClaimSource, facts: ClaimFacts): unknown {
  if (from !== undefined) return Object.hasOwn(facts.claims, from) ? facts.claims[from] : undefined;
  if (template === undefined) return value;
  const values: Readonly<Record<string, string | undefined>> = facts.placeholders;
  const complete = [...template.matchAll(placeholder)].every(
    ([, name = '']) => values[name] !== undefined,
  );
  if (!complete) return undefined;
  return template.replace(placeholder, (_, name: string) => values[name] ?? '');
}

/**
 * The `groups` claim for one app; undefined to leave it out.
 * @param granted the grants' groups (`groupsOf`)
 * @param scope the granted scopes, separated by spaces
 */
export function groupsForClient(
  { groups, groupNames, addGroups = [] }: Omit<ClientClaims, 'set'>,
  granted: readonly string[],
  scope: string,
): readonly string[] | undefined {
  if (groups === 'scope' && !scope.split(' ').includes('groups')) return undefined;
  const named = granted.map((group) =>
    Object.hasOwn(groupNames, group) ? (groupNames[group] ?? group) : group,
  );
  return [...new Set([...named, ...addGroups])];
}
