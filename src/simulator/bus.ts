import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { exactNumber } from './hujson.ts';
import type { Change } from './model.ts';
import type { Tailnet, TailnetNode } from './tailnet.ts';
import { nodeJson, profilesJson, statusJson } from './wire.ts';

/** Bits of `mask` (tailscale's `ipn.NotifyWatchOpt`). */
const initialState = 2;
const peerChanges = 4096;
const initialStatus = 16_384;

/** `ipn.State` on the wire. */
const states = {
  NoState: 0,
  NeedsLogin: 2,
  NeedsMachineAuth: 3,
  Stopped: 4,
  Starting: 5,
  Running: 6,
} as const;

/** Everybody who reads `watch-ipn-bus`. */
export class Bus {
  readonly #watchers = new Map<ServerResponse, number>();

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Sends the first line, and every later one until the response closes. @returns the session's ID */
  add(response: ServerResponse, mask: number, tailnet: Tailnet): string {
    this.#watchers.set(response, mask);
    response.on('close', () => this.#watchers.delete(response));
    const state = states[tailnet.status.backendState];
    const session = randomBytes(8).toString('hex');
    send(response, tailnet, {
      SessionID: session,
      ...((mask & initialState) === 0 ? {} : { State: state }),
      ...((mask & initialStatus) === 0 ? {} : { InitialStatus: statusJson(tailnet, true) }),
    });
    return session;
  }

  /** One line about a change of the network map. Grants are no part of it: a new policy sends nothing. */
  publish(change: Change, tailnet: Tailnet): void {
    if (change.backendState) {
      this.#broadcast(tailnet, () => ({ State: states[tailnet.status.backendState] }));
    }
    if (change.changed.length > 0 || change.removed.length > 0) {
      const fields = mapChange(change, tailnet);
      this.#broadcast(tailnet, (mask) => ((mask & peerChanges) === 0 ? undefined : fields));
    }
  }

  #broadcast(tailnet: Tailnet, fields: (mask: number) => object | undefined): void {
    for (const [response, mask] of this.#watchers) {
      const line = fields(mask);
      if (line) send(response, tailnet, line);
    }
  }
}

function mapChange({ changed, removed }: Change, tailnet: Tailnet): object {
  const isSelf = (node: TailnetNode) => node.name === tailnet.self;
  const self = changed.find(isSelf);
  const peers = changed.filter((node) => !isSelf(node));
  return {
    ...(self ? { SelfChange: nodeJson(tailnet, self) } : {}),
    ...(peers.length > 0 ? { PeersChanged: peers.map((node) => nodeJson(tailnet, node)) } : {}),
    ...(removed.length > 0 ? { PeersRemoved: removed.map(({ id }) => exactNumber(id)) } : {}),
    ...(changed.length > 0 ? { UserProfiles: profilesJson(tailnet, changed) } : {}),
  };
}

function send(response: ServerResponse, tailnet: Tailnet, fields: object): void {
  const empty = { ErrMessage: null, LoginFinished: null, State: null, Prefs: null, NetMap: null };
  const line = {
    Version: tailnet.status.version,
    ...empty,
    ...fields,
    Engine: null,
    BrowseToURL: null,
    DriveShares: null,
  };
  response.write(`${JSON.stringify(line)}\n`);
}
