import type { Context } from 'koa';
import type { Identified, MachineIdentity } from '../identity/identity.ts';
import { isTailnetAddress } from '../peer/address.ts';
import { peerShare } from '../peer/peer-share.ts';
import type { Act, MayAct } from '../protocol/actor-chain.ts';
import { isLoopback } from '../protocol/address.ts';
import type { DeviceFacts } from './device-facts.ts';

/** A machine with what the policy's grants give it. */
export type KnownMachine = Extract<Identified, { ok: true }> & {
  readonly identity: MachineIdentity;
};

/** What the listener knows about one request; put there by `http/`, read by the provider's hooks. */
export interface RequestFacts {
  /** Names the request in the log and on error pages. */
  readonly requestId: string;
  /** Canonical address of the other end, for the log; limits count by `shareOf`. */
  readonly peer: string;
  /** Who is at the other end; asked at the first call, one answer for the whole request. */
  readonly identify: () => Promise<Identified>;
  /** StableID of the proxy that it came through, which the operator trusts (T34). */
  readonly proxy?: string;
  /** Name of the listener that it came through, for the audit record. */
  listener?: string;
  /** It came over the admin socket, whose file permission is the credential (T25). */
  readonly admin?: true;
  /** `jti` of the ID token issued in this request, for the audit record. */
  idTokenId?: string;
  /** Who somebody is was answered from an old network map: the control server is away. For the audit record. */
  stale?: boolean;
  /** oidc-provider Grants found in this request, which looks for the same one several times. */
  grants?: Map<string, Promise<unknown>>;
  /** The tagged node at the other end, where the connection itself authenticates a client. */
  machine?: KnownMachine;
  /** What an exchanged token says of who acts, and the names of the Grants that it came from. */
  chain?: {
    readonly act: Act | undefined;
    readonly mayAct: MayAct | undefined;
    readonly parents: readonly string[];
  };
  /** A JWT that was presented at introspection or revocation, and what stands for it there. */
  structured?: { readonly reference: string; readonly jwt: string };
  /** A denial of the person or device behind a token is in the audit log already. */
  deniedAccount?: true;
  /** ID of the client that this peer was denied, so that the answer links to the page that says why. */
  deniedClient?: string;
  /** Of the device flow. */
  device?: DeviceFacts;
}

const key = 'tsidpFacts';

export function setFacts(ctx: Context, facts: RequestFacts): void {
  ctx.state[key] = facts;
}

/** Undefined for a request that was turned away before anybody asked who sent it. */
export function knownFacts(ctx: Pick<Context, 'state'>): RequestFacts | undefined {
  return ctx.state[key] as RequestFacts | undefined;
}

/** @throws Error when the request did not come through a listener: a wiring mistake, never a client's. */
export function factsOf(ctx: Pick<Context, 'state'>): RequestFacts {
  const facts = knownFacts(ctx);
  if (!facts) throw new Error('request without facts: it did not come through a listener');
  return facts;
}

/**
 * Whose share of anything limited a request takes from: the device's, by its StableID, whichever of its addresses it
 * comes from; else that of the address or network (T40). Nothing outside the tailnet is asked about: it is no device.
 */
export async function shareOf({
  identify,
  peer,
}: Pick<RequestFacts, 'identify' | 'peer'>): Promise<string> {
  if (!isTailnetAddress(peer) && !isLoopback(peer)) return peerShare(peer);
  const identified = await identify();
  return identified.ok ? `node ${identified.identity.node.stableId}` : peerShare(peer);
}

/**
 * What the audit record of a request says in its `detail` when it was decided without the control server, or about
 * somebody behind a proxy.
 */
export function staleMark(ctx: Pick<Context, 'state'>): { stale?: true; proxy?: string } {
  const { stale, proxy } = factsOf(ctx);
  return { ...(stale ? { stale } : {}), ...(proxy === undefined ? {} : { proxy }) };
}
