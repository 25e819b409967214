import { z } from 'zod';
import { addressRange } from './address.ts';
import { TailnetFileError } from './hujson.ts';

const grantSchema = z.looseObject({
  src: z.array(z.string()),
  dst: z.array(z.string()),
  ip: z.array(z.string()).optional(),
  // values are any JSON, kept by reference, so that exact numbers stay exact
  app: z.record(z.string(), z.array(z.unknown()).nullable()).optional(),
  srcPosture: z.array(z.string()).optional(),
  via: z.array(z.string()).optional(),
});

const policySchema = z.looseObject({
  groups: z.record(z.string().startsWith('group:'), z.array(z.string())).default({}),
  hosts: z.record(z.string(), z.string()).default({}),
  ipsets: z.record(z.string().startsWith('ipset:'), z.array(z.string())).default({}),
  grants: z.array(grantSchema).default([]),
});

/** What the evaluation of a Tailscale policy file needs of it; every other section is kept and ignored. */
export type Policy = z.output<typeof policySchema>;
export type PolicyInput = z.input<typeof policySchema>;
export type PolicyGrant = Policy['grants'][number];

/**
 * A Tailscale policy. As Tailscale itself does, it refuses selectors that name nothing.
 * @param logins the tailnet's users: Headscale's logins may lack an `@`
 * @throws TailnetFileError naming `source` and the JSON path
 */
export function parsePolicy(value: unknown, source: string, logins: Iterable<string>): Policy {
  const result = policySchema.safeParse(value);
  if (!result.success) throw new TailnetFileError(describeIssues(source, result.error));
  const policy = result.data;
  const known = new Set(logins);
  for (const [index, grant] of policy.grants.entries()) {
    for (const side of ['src', 'dst'] as const) {
      for (const [place, selector] of grant[side].entries()) {
        if (namesSomething(selector, policy, known)) continue;
        throw new TailnetFileError(
          `${source}: grants[${index}].${side}[${place}]: "${selector}" is no group, ipset, host, user, tag, address or autogroup of this policy`,
        );
      }
    }
  }
  return policy;
}

/** One line for each thing wrong, `file: path: what`. */
export function describeIssues(source: string, error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => `${source}: ${jsonPath(path)}: ${message}`)
    .join('\n');
}

function jsonPath(path: readonly PropertyKey[]): string {
  const text = path
    .map((key) => {
      if (typeof key === 'number') return `[${key}]`;
      return /^[\w$-]+$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(key)}]`;
    })
    .join('')
    .replace(/^\./, '');
  return text === '' ? '(top level)' : text;
}

function namesSomething(selector: string, policy: Policy, logins: ReadonlySet<string>): boolean {
  if (selector.startsWith('group:')) return Object.hasOwn(policy.groups, selector);
  if (selector.startsWith('ipset:')) return Object.hasOwn(policy.ipsets, selector);
  return (
    selector === '*' ||
    /^(tag|autogroup|svc):./.test(selector) ||
    selector.includes('@') ||
    Object.hasOwn(policy.hosts, selector) ||
    logins.has(selector) ||
    addressRange(selector) !== undefined
  );
}
