import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeStatus } from '../peer/status.ts';
import { TakeoverError } from './takeover-error.ts';

/** The node that tsidp was, as far as the `tailscaled.state` beside its files tells. */
export interface FormerNode {
  /** StableID. */
  readonly stableId: string | undefined;
  /** The name that it asked for. */
  readonly hostname: string | undefined;
  /** MagicDNS suffix of its tailnet, without a dot at its end. */
  readonly tailnet: string | undefined;
}

type Members = Readonly<Record<string, unknown>>;

const unknown: FormerNode = { stableId: undefined, hostname: undefined, tailnet: undefined };

/**
 * tailscaled keeps a JSON object whose values are base64 of JSON, or of a name: `_current-profile` names the entry
 * of the preferences, `_profiles` describes the nodes that ever logged in from here. Its format is its own affair,
 * so whatever is not there or not readable (newer versions can encrypt it) is simply not known.
 */
export function readFormerNode(directory: string): FormerNode {
  try {
    const state = object(JSON.parse(readFileSync(join(directory, 'tailscaled.state'), 'utf8')));
    const current = decoded(state['_current-profile']);
    const profiles = Object.values(object(JSON.parse(decoded(state['_profiles'])))).map(object);
    const profile = object(profiles.find(({ Key }) => Key === current));
    const preferences = object(JSON.parse(decoded(state[current]) || '{}'));
    return {
      stableId: text(profile['NodeID']),
      hostname: text(preferences['Hostname']),
      tailnet: text(object(profile['NetworkProfile'])['MagicDNSName'])?.replace(/\.$/u, ''),
    };
  } catch {
    return unknown;
  }
}

const object = (value: unknown): Members =>
  typeof value === 'object' && value !== null ? (value as Members) : {};

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const decoded = (value: unknown): string => Buffer.from(text(value) ?? '', 'base64').toString();

export interface NameQuestion {
  readonly node: Pick<NodeStatus, 'stableId' | 'dnsName'>;
  readonly former: FormerNode;
  /** What `-hostname` says, where tsidp would have heeded it. */
  readonly hostname: string | undefined;
  readonly directory: string;
  /** The tailscaled here is one of our own, whose node we name. */
  readonly managed: boolean;
}

/**
 * Every app knows tsidp by its issuer, which is its node's name. With another node beside us the issuer would change
 * under all of them, so that stops the takeover. Where nothing is known of tsidp's node, nothing is asked.
 * @throws {TakeoverError}
 */
export function requireSameName(question: NameQuestion): void {
  const { node, former, hostname, directory } = question;
  if (former.stableId !== undefined && former.stableId === node.stableId) return;
  const [label = '', ...rest] = node.dnsName.split('.');
  const wanted = hostname ?? former.hostname;
  const isSameName = wanted !== undefined && asLabel(wanted) === label;
  const isSameTailnet = former.tailnet === undefined || former.tailnet === rest.join('.');
  if (isSameName && isSameTailnet) return;
  if (wanted === undefined && former.stableId === undefined && isSameTailnet) return;
  const was = [wanted && asLabel(wanted), former.tailnet].filter(Boolean).join('.');
  const whom = was || `the node ${former.stableId}`;
  throw new TakeoverError([
    `${directory} was left by a tsidp that was ${whom}, but tailscaled here is ${node.dnsName}: the issuer would change under every app, so nothing was taken over.`,
    remedyFor(asLabel(wanted ?? 'NAME'), question),
    `If apps know tsidp by another issuer, or you will change it in all of them, say which: --issuer https://${was || node.dnsName}`,
  ]);
}

function remedyFor(name: string, { former, managed, hostname }: NameQuestion): string {
  if (!managed) {
    return `Let this node have that name (log the old one out or remove it, then: tailscale set --hostname=${name}), or let tsidp's own node live on from its tailscaled.state.`;
  }
  const asked = hostname !== undefined && asLabel(hostname) === name;
  const say = asked
    ? `It asks for the name ${name} already, which another node has`
    : `Name it so (tailscaled.hostname "${name}" in the configuration, --hostname ${name} or TS_HOSTNAME=${name})`;
  const old = former.stableId === undefined ? 'the old node' : `the old node ${former.stableId}`;
  return `${say}: log ${old} out or remove it in the admin console first, or the control server adds a number. Or put tsidp's tailscaled.state into the state directory, and its node lives on.`;
}

/** As the control server makes a DNS label of a hostname. */
const asLabel = (hostname: string): string =>
  hostname
    .toLowerCase()
    .replace(/[^a-z0-9-]+/gu, '-')
    .replace(/^-+|-+$/gu, '')
    .slice(0, 63);
