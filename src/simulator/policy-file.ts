import { z } from 'zod';
import { nearest } from '../schema/nearest.ts';
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

const nodeAttrSchema = z.looseObject({
  target: z.array(z.string()),
  attr: z.array(z.string()).optional(),
  app: z.record(z.string(), z.array(z.unknown()).nullable()).optional(),
});

const policySchema = z.looseObject({
  groups: z.record(z.string().startsWith('group:'), z.array(z.string())).default({}),
  hosts: z.record(z.string(), z.string()).default({}),
  ipsets: z.record(z.string().startsWith('ipset:'), z.array(z.string())).default({}),
  grants: z.array(grantSchema).default([]),
  nodeAttrs: z.array(nodeAttrSchema).default([]),
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
  for (const [place, selector] of selectorsOf(policy)) {
    const wrong = wrongSelector(selector, policy, known);
    if (wrong) throw new TailnetFileError(`${source}: ${place}: "${selector}" ${wrong}`);
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

/** Every selector of the policy that counts here, with its JSON path. */
function selectorsOf({ grants, nodeAttrs }: Policy): [place: string, selector: string][] {
  const lists = [
    ...grants.flatMap(({ src, dst }, index) => [
      [`grants[${index}].src`, src] as const,
      [`grants[${index}].dst`, dst] as const,
    ]),
    ...nodeAttrs.map(({ target }, index) => [`nodeAttrs[${index}].target`, target] as const),
  ];
  return lists.flatMap(([path, list]) =>
    list.map((selector, index): [string, string] => [`${path}[${index}]`, selector]),
  );
}

/** Those that may stand in grants; `autogroup:nonroot` is of SSH rules alone. */
const autogroups = [
  'member',
  'tagged',
  'self',
  'shared',
  'internet',
  'danger-all',
  'owner',
  'admin',
  'it-admin',
  'network-admin',
  'billing-admin',
  'auditor',
];

/** What is wrong with a selector; undefined where it names something. */
function wrongSelector(
  selector: string,
  policy: Policy,
  logins: ReadonlySet<string>,
): string | undefined {
  if (selector.startsWith('autogroup:')) {
    const name = selector.slice('autogroup:'.length);
    if (autogroups.includes(name)) return undefined;
    const meant = nearest(name, autogroups);
    return meant === undefined
      ? `is no autogroup of grants; there are ${autogroups.map((one) => `autogroup:${one}`).join(', ')}`
      : `is no autogroup of grants; write "autogroup:${meant}"`;
  }
  return namesSomething(selector, policy, logins)
    ? undefined
    : 'is no group, ipset, host, user, tag, address or autogroup of this policy';
}

/** A group that an identity provider synchronises: its members stand in no policy file. */
export function isProvisioned(selector: string): boolean {
  return /^group:.+@./u.test(selector);
}

function namesSomething(selector: string, policy: Policy, logins: ReadonlySet<string>): boolean {
  if (selector.startsWith('group:')) {
    return Object.hasOwn(policy.groups, selector) || isProvisioned(selector);
  }
  if (selector.startsWith('ipset:')) return Object.hasOwn(policy.ipsets, selector);
  return (
    selector === '*' ||
    /^(tag|svc):./.test(selector) ||
    selector.includes('@') ||
    Object.hasOwn(policy.hosts, selector) ||
    logins.has(selector) ||
    addressRange(selector) !== undefined
  );
}
