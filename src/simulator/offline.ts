import { type IdentifyOptions, identify } from '../identity/identify.ts';
import type { Identified } from '../identity/identity.ts';
import { parseStatus } from '../peer/status.ts';
import { parseWhois } from '../peer/whois-answer.ts';
import { parseAddress } from '../protocol/address.ts';
import { type GrantOutcome, grantOutcomes } from './grants.ts';
import type { Policy } from './policy-file.ts';
import type { Tailnet, TailnetNode } from './tailnet.ts';
import { statusJson, whoisAnswer } from './wire.ts';

/** How a grant of the policy stands to one peer, for people. */
export interface GrantNote {
  /** Place in the policy's `grants`, from 0. */
  readonly index: number;
  readonly outcome: GrantOutcome;
  readonly text: string;
}

export interface OfflinePeer {
  readonly node: TailnetNode;
  /** As the daemon would know it: through the same reading of whois and the same identification. */
  readonly identified: Identified;
  readonly grants: readonly GrantNote[];
}

export interface OfflineOptions extends IdentifyOptions {
  /** Epoch seconds; decides what has expired. */
  readonly nowSeconds: number;
}

const outcomeTexts: Readonly<Record<GrantOutcome, string>> = {
  given: 'gives its capabilities',
  'no-app': 'is about ports only ("ip") and says nothing of apps',
  via: 'is about routing through another node ("via") and says nothing of apps',
  source: 'is for others: no "src" means this peer',
  destination: 'is about other nodes: no "dst" means our node',
  provisioned:
    'is undecidable here: its "src" is a group that an identity provider synchronises, and no policy file says who is in it; counted as not given. The tailnet file can say it: "groups" of the user',
  posture:
    'is undecidable here: its "srcPosture" asks for the state of the device, which no file knows; counted as not given',
};

/**
 * The devices that `who` means: a person's login, a tag, a tailnet address or the name of a node. Headscale's
 * `carol@` is `carol`.
 */
export function nodesNamed(tailnet: Tailnet, who: string): readonly TailnetNode[] {
  const address = parseAddress(who);
  return [...tailnet.nodes.values()].filter(
    (node) =>
      node.name === who ||
      (node.user !== undefined && (node.user === who || `${node.user}@` === who)) ||
      node.tags.includes(who) ||
      (address !== undefined && node.addresses.includes(address)),
  );
}

/** What the daemon on the tailnet's own node would be told of a connection from `node`, without any daemon. */
export function offlinePeer(
  tailnet: Tailnet,
  node: TailnetNode,
  { nowSeconds, ...options }: OfflineOptions,
): OfflinePeer {
  const self = tailnet.nodes.get(tailnet.self);
  if (self === undefined) throw new Error(`the tailnet has no node "${tailnet.self}"`);
  const answer = parseWhois(JSON.stringify(whoisAnswer(tailnet, self, node)), nowSeconds);
  const status = parseStatus(JSON.stringify(statusJson(tailnet, false)));
  const grants = grantOutcomes(tailnet.policy, tailnet, node, self).map((outcome, index) => ({
    index,
    outcome,
    text: outcomeTexts[outcome],
  }));
  return { node, identified: identify(answer, { status, staleSeconds: 0 }, options), grants };
}

/** What of the policy counts for no app at all, so that nobody waits for it. */
export function ignoredSections(policy: Policy): readonly string[] {
  const acls: unknown = policy['acls'];
  return Array.isArray(acls) && acls.length > 0
    ? ['"acls" carry no capabilities: what apps get comes from "grants" alone']
    : [];
}
