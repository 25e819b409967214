import { z } from 'zod';
import { listOf, members, oneOf, text } from '../schema/fields.ts';
import { option } from '../schema/option.ts';
import { isProtectedClaim } from './protected-claims.ts';
import { bareName, spellingsOf } from './tailnet-groups.ts';

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

const checkGroupPattern = (pattern: string): string | undefined =>
  /^(?:group:.+|.*@.*|\*)$/u.test(pattern) && /^[^\p{C}]{1,200}$/u.test(pattern)
    ? undefined
    : 'must be a group of the tailnet such as "group:eng", with "*" for any characters';

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
    .describe('When groups stand in tokens: under the groups scope, or always.'),
  groupNames: z
    .record(z.string(), text(checkClaim), { error: 'must be an object: { … }' })
    .default({})
    .describe('Other names for groups, in this app. Groups not named here stay as they are.'),
  tailnetGroups: option(
    listOf(text(checkGroupPattern), 0, 200)
      .optional()
      .describe(
        "Which of the tailnet's own groups this app is told, where they are visible: names such as group:eng, with * for any characters; an empty list for none. Default: all.",
      ),
    { since: '0.2.0' },
  ),
  stripGroupPrefix: option(
    z
      .boolean({ error: 'must be true or false' })
      .optional()
      .describe(
        "true: the tailnet's own groups stand without group: in this app, so that group:eng and a grant's eng are one.",
      ),
    { since: '0.2.0' },
  ),
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

/** Does the app find groups in tokens of this scope (scopes, separated by spaces)? */
export function isToldGroups({ groups }: Pick<ClientClaims, 'groups'>, scope: string): boolean {
  return groups === 'always' || scope.split(' ').includes('groups');
}

export interface KnownGroups {
  /** The grants' groups (`groupsOf`). */
  readonly granted: readonly string[];
  /** The tailnet's own that this app may be told (`toldGroups`). */
  readonly ofTailnet: readonly string[];
}

/**
 * The `groups` claim for one app; undefined to leave it out, also where it would be empty: apps take an empty list
 * for the loss of every role, and we never know that somebody is in no group.
 * @param scope the granted scopes, separated by spaces
 */
export function groupsForClient(
  claims: Omit<ClientClaims, 'set'>,
  { granted, ofTailnet }: KnownGroups,
  scope: string,
): readonly string[] | undefined {
  if (!isToldGroups(claims, scope)) return undefined;
  const { groupNames, addGroups = [], stripGroupPrefix } = claims;
  const nameOf = (spellings: readonly string[]) =>
    spellings.flatMap((name) => (Object.hasOwn(groupNames, name) ? [groupNames[name]] : []))[0];
  const all = new Set([
    ...granted.map((group) => nameOf([group]) ?? group),
    ...ofTailnet.map(
      (group) => nameOf(spellingsOf(group)) ?? (stripGroupPrefix ? bareName(group) : group),
    ),
    ...addGroups,
  ]);
  return all.size > 0 ? [...all] : undefined;
}
