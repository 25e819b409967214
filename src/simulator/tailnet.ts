import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { z } from 'zod';
import { integerText } from '../peer/lossless-json.ts';
import { parseAddress } from '../protocol/address.ts';
import { parseHujson, TailnetFileError } from './hujson.ts';
import { describeIssues, type Policy, parsePolicy } from './policy-file.ts';

const wholeNumber = 'a whole number, or its digits as a string';
/** A number, its decimal digits as a string, or a number that `parseHujson` kept exact: out come the digits. */
const decimalId = z.preprocess(
  (value) => integerText(value) ?? value,
  z.string({ error: wholeNumber }).regex(/^\d{1,20}$/, wholeNumber),
);
const address = z.string().transform((text, context) => {
  const canonical = parseAddress(text);
  if (canonical === undefined) context.addIssue(`"${text}" is not an IP address`);
  return canonical ?? z.NEVER;
});

const userSchema = z.strictObject({
  id: decimalId,
  displayName: z.string().optional(),
  picture: z.string().optional(),
  role: z
    .enum(['owner', 'admin', 'it-admin', 'network-admin', 'billing-admin', 'auditor', 'member'])
    .default('member'),
  /**
   * The groups that an identity provider synchronises (SCIM) with this user in them; the policy's own stand in the
   * policy. Without this member nobody knows.
   */
  groups: z.array(z.string().regex(/@./, 'a synchronised group has an "@"')).optional(),
});

const nodeSchema = z.strictObject({
  id: decimalId.optional(),
  stableId: z.string().min(1).optional(),
  user: z.string().optional(),
  tags: z.array(z.string().regex(/^tag:./, 'a tag starts with "tag:"')).default([]),
  addresses: z.array(address).min(1),
  /** One more address whois knows the node by: where connections come from loopback, as in the demo. */
  loopback: address.optional(),
  os: z.string().default('linux'),
  online: z.boolean().default(true),
  expired: z.boolean().default(false),
  /** When its key expires; without it, never. */
  keyExpiry: z.iso.datetime({ offset: true }).optional(),
  /** A device of another tailnet that our node is shared to. */
  sharee: z.boolean().default(false),
  /** MagicDNS suffix of the tailnet that it comes from; without it, ours. */
  tailnet: z.string().min(1).optional(),
  key: z.string().startsWith('nodekey:').optional(),
  created: z.iso.datetime({ offset: true }).default('2026-01-01T00:00:00Z'),
});

const statusSchema = z.strictObject({
  version: z.string().default('1.102.3'),
  backendState: z
    .enum(['NoState', 'NeedsLogin', 'NeedsMachineAuth', 'Stopped', 'Starting', 'Running'])
    .default('Running'),
  tun: z.boolean().default(true),
  online: z.boolean().default(true),
  health: z.array(z.string()).default([]),
  /** Where a person is to go, so that the node is logged in. */
  authUrl: z.string().default(''),
  certDomains: z.array(z.string()).nullable().default(null),
  /** Of our own node beside the usual ones, e.g. `https`, `funnel`. */
  attributes: z.array(z.string()).default([]),
});

const tailnetSchema = z.strictObject({
  $schema: z.string().optional(),
  /** MagicDNS suffix. */
  tailnet: z.string().min(1),
  /**
   * Whose IDs nodes have that say none: numbers of 48 bits and StableIDs like `nABC123CNTRL`, or small numbers that
   * are the StableID, too.
   */
  control: z.enum(['tailscale', 'headscale']).default('tailscale'),
  /** The node whose tailscaled this is. */
  self: z.string(),
  users: z.record(z.string().min(1), userSchema).default({}),
  nodes: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'a DNS label'), nodeSchema),
  policy: z.unknown().optional(),
  policyFile: z.string().optional(),
  status: statusSchema.prefault({}),
});

export type Control = z.output<typeof tailnetSchema>['control'];
export type TailnetInput = z.input<typeof tailnetSchema>;
export type NodeInput = z.input<typeof nodeSchema>;
export type TailnetUser = z.output<typeof userSchema> & { readonly login: string };
export type TailnetStatus = z.output<typeof statusSchema>;
type ParsedNode = z.output<typeof nodeSchema>;
export interface TailnetNode extends Omit<ParsedNode, 'id' | 'stableId' | 'key'> {
  readonly name: string;
  /** Decimal. */
  readonly id: string;
  readonly stableId: string;
  readonly key: string;
}

export interface Tailnet {
  /** The file it came from, for messages. */
  readonly source: string;
  readonly name: string;
  readonly control: Control;
  readonly self: string;
  readonly users: ReadonlyMap<string, TailnetUser>;
  readonly nodes: ReadonlyMap<string, TailnetNode>;
  readonly policy: Policy;
  readonly status: TailnetStatus;
}

/** @throws TailnetFileError naming the file (the tailnet's or the policy's) and the place inside it */
export async function loadTailnet(file: string): Promise<Tailnet> {
  return readTailnet(parseHujson(await read(file), basename(file)), basename(file), dirname(file));
}

/**
 * @param value what a tailnet file holds
 * @param source how messages call it
 * @param directory where a relative `policyFile` is looked for
 */
export async function readTailnet(
  value: unknown,
  source: string,
  directory: string,
): Promise<Tailnet> {
  const result = tailnetSchema.safeParse(value);
  if (!result.success) throw new TailnetFileError(describeIssues(source, result.error));
  const { tailnet: name, control, self, policy, policyFile, status } = result.data;
  if (policy !== undefined && policyFile !== undefined) {
    throw new TailnetFileError(
      `${source}: policyFile: there is "policy" already; keep one of them`,
    );
  }
  const users = new Map(
    Object.entries(result.data.users).map(([login, user]) => [login, { ...user, login }]),
  );
  const written = Object.values(result.data.nodes);
  const nodes = new Map<string, TailnetNode>();
  for (const [node, input] of Object.entries(result.data.nodes)) {
    nodes.set(node, completeNode(node, input, control, [...written, ...nodes.values()]));
  }
  const policySource = policyFile === undefined ? `${source}: policy` : basename(policyFile);
  const policyValue =
    policyFile === undefined
      ? (policy ?? {})
      : parseHujson(await read(resolve(directory, policyFile)), policySource);
  const parsed = { source, name, control, self, users, nodes, status };
  return checkTailnet({ ...parsed, policy: parsePolicy(policyValue, policySource, users.keys()) });
}

/** One node as the file of this tailnet has it. @throws TailnetFileError */
export function readNode(
  name: string,
  value: unknown,
  { source, control, nodes }: Pick<Tailnet, 'source' | 'control' | 'nodes'>,
): TailnetNode {
  const result = nodeSchema.safeParse(value);
  if (!result.success) {
    throw new TailnetFileError(describeIssues(`${source}: nodes.${name}`, result.error));
  }
  return completeNode(name, result.data, control, [...nodes.values()]);
}

/** References point at something, and what must be unique is. @throws TailnetFileError */
export function checkTailnet(tailnet: Tailnet): Tailnet {
  const { source, self, users, nodes } = tailnet;
  if (!nodes.has(self)) throw new TailnetFileError(`${source}: self: no node "${self}"`);
  const seen = new Map<string, string>();
  const once = (path: string, what: string, value: string) => {
    const other = seen.get(`${what} ${value}`);
    if (other) throw new TailnetFileError(`${source}: ${path}: ${what} ${value} is ${other}'s`);
    seen.set(`${what} ${value}`, path);
  };
  for (const [login, { id }] of users) once(`users["${login}"]`, 'the user ID', id);
  for (const node of nodes.values()) {
    const path = `nodes.${node.name}`;
    const wrong = wrongOwner(node, users);
    if (wrong) throw new TailnetFileError(`${source}: ${path}: ${wrong}`);
    once(path, 'the node ID', node.id);
    once(path, 'the stable ID', node.stableId);
    for (const each of node.addresses) once(path, 'the address', each);
    if (node.loopback !== undefined) once(path, 'the address', node.loopback);
  }
  return tailnet;
}

function wrongOwner(node: TailnetNode, users: Tailnet['users']): string | undefined {
  if (node.user === undefined) return node.tags.length === 0 ? 'needs "user" or "tags"' : undefined;
  if (node.tags.length > 0) return 'has both "user" and "tags"';
  return users.has(node.user) ? undefined : `no user "${node.user}" under "users"`;
}

/**
 * Whatever the file leaves out follows from the node's name, or with Headscale from the order in which nodes came, so
 * that a restart changes nothing.
 * @param others whose IDs are taken
 */
function completeNode(
  name: string,
  input: ParsedNode,
  control: Control,
  others: readonly { readonly id?: string | undefined }[],
): TailnetNode {
  const digest = createHash('sha256').update(`node ${name}`).digest('hex');
  const number = 1 + others.reduce((most, { id = '0' }) => Math.max(most, Number(id)), 0);
  const own =
    control === 'headscale'
      ? { id: String(number), stableId: input.id ?? String(number) }
      : {
          id: String(Number.parseInt(digest.slice(0, 12), 16)),
          stableId: `n${digest.slice(0, 10)}CNTRL`,
        };
  return {
    ...input,
    name,
    id: input.id ?? own.id,
    stableId: input.stableId ?? own.stableId,
    key: input.key ?? `nodekey:${digest}`,
  };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new TailnetFileError(`${file}: can't be read: ${(cause as Error).message}`, { cause });
  }
}
