import { z } from 'zod';

/**
 * One rule: an entry of the list under our capability. Rules only ever give, so dropping a malformed one never widens
 * anything; what restricts an app stands in the configuration. The descriptions are the operator's documentation.
 */

const maxTextLength = 2048;
const maxListLength = 1000;

const texts = (minLength: number) =>
  z
    .array(
      z
        .string({ error: 'must be text' })
        .min(minLength, { error: 'must not be empty' })
        .max(maxTextLength, { error: `must be at most ${maxTextLength} characters` }),
      { error: 'must be a list of texts' },
    )
    .max(maxListLength, { error: `must be a list of at most ${maxListLength} entries` });

const flag = () => z.boolean({ error: 'must be true or false' });

/** RFC 6749 section 3.3's scope-token, where `*` stands for any run of characters. */
const scopePattern = z
  .string({ error: 'must be a scope' })
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/u, {
    error: 'must be a scope of 1 to 256 characters (RFC 6749 section 3.3)',
  });

const scopePatterns = z
  .array(scopePattern, { error: 'must be a list of scopes' })
  .max(maxListLength, { error: `must be a list of at most ${maxListLength} entries` });

const unknownMember = (what: string) => (issue: { readonly code?: string | undefined }) =>
  issue.code === 'unrecognized_keys' ? 'has an unknown member' : what;

const resourceScopes = z.strictObject(
  {
    resource: z.string({ error: 'must be the URI of a resource' }).min(1).max(maxTextLength),
    scopes: scopePatterns,
  },
  { error: unknownMember('must be a scope, or an object with resource and scopes') },
);

/** Neither can pass for somebody else's login: a username has no `@`, an email is never marked verified. */
const account = z
  .strictObject(
    {
      login: z.string({ error: 'must be one login name' }).min(1).max(maxTextLength),
      username: z
        .string({ error: 'must be text' })
        .regex(/^[A-Za-z0-9._-]{1,64}$/u, {
          error: 'must be 1 to 64 letters, digits or ". _ -" of ASCII',
        })
        .optional(),
      email: z
        .string({ error: 'must be text' })
        .max(254)
        .regex(/^[^@\s\p{C}]+@[^@\s\p{C}.]+(?:\.[^@\s\p{C}.]+)+$/u, {
          error: 'must be an email address',
        })
        .optional(),
    },
    { error: unknownMember('must be an object with login and username or email') },
  )
  .refine(({ username, email }) => username !== undefined || email !== undefined, {
    error: 'must set username or email',
  });

export const ruleSchema = z.looseObject(
  {
    clients: texts(1)
      .optional()
      .describe(
        'Apps that this peer may enter: client IDs, names of apps that the operator registered, or `*` for all. Needed where access is `granted`.',
      ),
    scopes: z
      .array(
        z.union([scopePattern, resourceScopes], {
          error: 'must be a scope, or an object with resource and scopes',
        }),
        {
          error: 'must be a list of scopes',
        },
      )
      .max(maxListLength, { error: `must be a list of at most ${maxListLength} entries` })
      .optional()
      .describe(
        'Scopes that this peer may have, beside those that say who it is. A text holds at every resource, an object at the one it names (`*` for all). In a scope, `*` stands for any characters.',
      ),
    groups: texts(1)
      .optional()
      .describe('Groups of this peer, for the `groups` claim. Those of several rules are merged.'),
    machine_login: flag()
      .optional()
      .describe(
        'A tagged device may log in to apps as itself: to those that `clients` of the same rule names, or without `clients` to all that it may enter.',
      ),
    may_act_for: texts(1)
      .optional()
      .describe(
        'Whom this peer may act for when it exchanges tokens: logins, tags, or `*` for every person; at the `resources` of the same rule, or without `resources` wherever their own rules let them.',
      ),
    account: account
      .optional()
      .describe(
        'Another username or email for the one person whose login it names; see "Names of one person".',
      ),
    allow_admin_ui: flag().optional().describe('May administer this server.'),
    allow_dcr: flag().optional().describe('May register clients (RFC 7591).'),
    users: texts(0)
      .optional()
      .describe(
        "Whose tokens may be exchanged for the `resources` of the same rule: logins or `*`. Counts in the grants of the token's owner, as in tsidp, and in those of whoever acts.",
      ),
    resources: texts(0)
      .optional()
      .describe('Resources (audiences) that `users` of the same rule may get tokens for, or `*`.'),
    serves: texts(1)
      .optional()
      .describe(
        'Resources (audiences) that this machine is: it may introspect their tokens without a secret, and exchange them. `*` for all.',
      ),
    extraClaims: z
      .record(z.string(), z.unknown(), { error: 'must be an object' })
      .optional()
      .describe(
        'Claims for the ID token. Lists of several rules are merged; of different single values the first in the order of their JSON text stands. Claims that say who somebody is are ignored.',
      ),
    includeInUserInfo: flag()
      .optional()
      .describe('The `extraClaims` of this rule stand in userinfo, too.'),
  },
  { error: 'must be an object' },
);

export type RuleFields = z.infer<typeof ruleSchema>;

/** Every field that we know, in the order of the documentation. */
export const ruleFields: readonly string[] = Object.keys(ruleSchema.shape);

/** tsidp's fields. Its Go reads a null there as the empty value; ours refuse it. */
export const tsidpEmpty: Readonly<Record<string, unknown>> = {
  allow_admin_ui: false,
  allow_dcr: false,
  users: [],
  resources: [],
  extraClaims: {},
  includeInUserInfo: false,
};

/** The JSON Schema of one rule, for editors and other programs. */
export function ruleJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(ruleSchema, { target: 'draft-7', io: 'input' });
  return { $schema, title: 'a rule of tailscale.com/cap/tsidp', ...rest };
}
