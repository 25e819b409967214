import type { NodeStatus } from '../peer/status.ts';
import type { WhoisAnswer, WhoisNode, WhoisProfile } from '../peer/whois.ts';
import type { Device, Identified, RefusalCode } from './identity.ts';

export interface IdentifyOptions {
  /** The operator lets members of other tailnets in, to whom our node is shared. */
  readonly allowForeignUsers: boolean;
  /** The operator takes every program on our own node for the node: its owner, or a machine (T35). */
  readonly allowSelf: boolean;
  /** How long logins go on from the last network map after the control server is lost, seconds. */
  readonly staleNetworkMapSeconds: number;
}

/** What tailscaled says of itself, next to its answer about the peer. */
export interface NodeView {
  readonly status: NodeStatus | undefined;
  /** Seconds since the control server was last seen; 0 while it is. */
  readonly staleSeconds: number;
}

const messages: Readonly<Record<RefusalCode, string>> = {
  unknown:
    'Your connection does not come from a device of this tailnet. Connect to Tailscale on this device and try again.',
  foreign:
    'Your device belongs to another tailnet that this server is only shared with. Members of other tailnets may not log in here unless the operator allows it (allowForeignUsers); their machines never may.',
  expired: "This device's Tailscale key has expired. Log in to Tailscale again on this device.",
  self: 'Your connection comes from the machine that runs this login server, where any program looks the same as you. Log in from a device of your own.',
  proxied:
    'Your connection came through another proxy, so this server cannot see who you are. Open the address of the login server directly from your own device.',
  funnel:
    'Your request came over the public internet (Tailscale Funnel), where this server cannot see who you are. Connect to Tailscale on this device and try again.',
  'not-logged-in':
    'This login server is not connected to its tailnet at the moment. Try again shortly; the operator finds the reason with "tsidp doctor" on the server.',
  unavailable:
    'This login server cannot ask its Tailscale daemon who you are at the moment. Try again shortly.',
  stale:
    'This login server lost contact with the Tailscale control server too long ago to be sure who you are. Try again when it is back.',
};

export function refuse(code: RefusalCode): Extract<Identified, { ok: false }> {
  return { ok: false, refusal: { code, message: messages[code] } };
}

/**
 * Turns tailscaled's answer into an identity or a named refusal. Pure: never a guess, never a default.
 * The order matters: what would lend somebody else's identity (self, foreign) is refused before anything is read.
 */
export function identify(
  answer: WhoisAnswer,
  view: NodeView,
  options: IdentifyOptions,
): Identified {
  const { status } = view;
  if (!status) return refuse('unavailable');
  // nameless, our own node could not be told from others (T35)
  const isIn = status.backendState === 'Running' && status.stableId !== '';
  if (!isIn) return refuse('not-logged-in');
  if (view.staleSeconds > options.staleNetworkMapSeconds) return refuse('stale');
  if (answer.kind === 'unknown') return refuse('unknown');
  const { node, profile } = answer;
  const isSelf = node.stableId === status.stableId;
  if (isSelf && !options.allowSelf) return refuse('self');
  if (node.expired) return refuse('expired');
  // a tag is a name of its own tailnet: another one's tag:ci must never pass for ours (T20, T21)
  const isForeignMachine = node.sharee && node.tags.length > 0;
  if (isForeignMachine || (node.sharee && !options.allowForeignUsers)) return refuse('foreign');

  const stale = view.staleSeconds > 0;
  const through = isSelf ? ({ through: 'self' } as const) : {};
  const tailnet = tailnetOf(node.name);
  const device = deviceOf(node);
  if (node.tags.length > 0) {
    const identity = {
      kind: 'machine',
      tailnet,
      stableId: node.stableId,
      tags: node.tags,
      node: device,
    } as const;
    return { ok: true, identity, capMap: answer.capMap, stale, ...through };
  }
  const identity = {
    kind: 'user',
    tailnet,
    userId: node.userId,
    login: profile.loginName,
    displayName: profile.displayName,
    picture: profile.profilePicUrl,
    ...ownGroups(node, profile),
    node: device,
    foreign: node.sharee,
  } as const;
  return { ok: true, identity, capMap: answer.capMap, stale, ...through };
}

/** Another tailnet's group:admin must never pass for ours (T20). */
function ownGroups(
  { sharee }: WhoisNode,
  { groups }: WhoisProfile,
): { readonly groups?: readonly string[] } {
  return groups && !sharee ? { groups } : {};
}

/** `alice.tailnet.test.` → `tailnet.test.`, as tsidp's `tailnet` claim. */
function tailnetOf(nodeName: string): string {
  const dot = nodeName.indexOf('.');
  return dot === -1 ? '' : nodeName.slice(dot + 1);
}

function deviceOf(node: WhoisNode): Device {
  return {
    stableId: node.stableId,
    nodeId: node.nodeId,
    name: node.name,
    key: node.key,
    addresses: node.addresses,
    os: node.os,
    keyExpires: node.keyExpires,
  };
}
