import { existsSync } from 'node:fs';
import process from 'node:process';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { identify } from '../identity/identify.ts';
import type { Identified } from '../identity/identity.ts';
import { LocalApi, unexpectedStatus } from '../peer/local-api.ts';
import { findSocket } from '../peer/socket.ts';
import { type NodeStatus, parseStatus } from '../peer/status.ts';
import { parsePeers, type StatusPeer } from '../peer/status-peers.ts';
import { tailscaledCommand } from '../peer/tailscaled-command.ts';
import { createWhois, type Whois } from '../peer/whois.ts';
import { isLoopback, parseAddress } from '../protocol/address.ts';
import type { Io } from './command.ts';
import type { Candidate, TailnetView } from './tailnet-view.ts';

const statusPath = '/localapi/v0/status';
/** With every device of the tailnet, at about 2 KB each. */
const statusLimits = { limitBytes: 256 * 1024 * 1024, timeoutMs: 20_000 };

/** The tailnet as its tailscaled knows it now. */
export interface LiveTailnet extends TailnetView {
  readonly status: NodeStatus;
  readonly peers: readonly StatusPeer[];
  /** Who would log in from this address. @param address canonical */
  identifyAt(address: string): Promise<Identified>;
}

/** The tailscaled that the daemon asks, too. */
export function openLocalApi(config: Config, io: Io): LocalApi {
  const { managed } = config.tailscaled;
  const own = managed && tailscaledCommand(config.stateDirectory, managed.extraArgs).socket;
  const found = findSocket({
    platform: process.platform,
    explicit: config.tailscaled.socket,
    env: io.env,
    exists: existsSync,
  });
  return new LocalApi({ socket: own ?? found });
}

/** @throws LocalApiError */
export async function readLiveTailnet(api: LocalApi, config: Config): Promise<LiveTailnet> {
  const { status: code, text } = await api.get(statusPath, statusLimits);
  if (code !== 200) throw unexpectedStatus(statusPath, code, text);
  const status = parseStatus(text);
  const peers = parsePeers(text);
  const whois = createWhois({ api, clock: systemClock });
  const identifyAt = (address: string) => ask(whois, address, status, config);
  return {
    status,
    peers,
    self: status,
    identifyAt,
    async candidates(who) {
      const address = parseAddress(who);
      if (address !== undefined) {
        return [await candidate(nameAt(address, status, peers), address, identifyAt)];
      }
      const meant = peers.filter((peer) => means(who, peer));
      const found: Candidate[] = [];
      for (const { name, addresses } of meant) {
        const [first] = addresses;
        if (first !== undefined) found.push(await candidate(name, first, identifyAt));
      }
      return found;
    },
  };
}

async function ask(
  whois: Whois,
  address: string,
  status: NodeStatus,
  config: Config,
): Promise<Identified> {
  // an address without a connection: on loopback there is nobody, and asking costs tailscaled dearly (T44)
  const answer = isLoopback(address)
    ? ({ kind: 'unknown' } as const)
    : await whois.lookup(address, 0);
  return identify(answer, { status, staleSeconds: status.online ? 0 : 1 }, config);
}

async function candidate(
  name: string,
  address: string,
  identifyAt: LiveTailnet['identifyAt'],
): Promise<Candidate> {
  const identified = await identifyAt(address);
  const device = identified.ok ? identified.identity.node.name.replace(/\.$/, '') : name;
  return { device, identified };
}

function nameAt(address: string, self: NodeStatus, peers: readonly StatusPeer[]): string {
  const all = [{ name: self.dnsName, addresses: self.addresses }, ...peers];
  return all.find(({ addresses }) => addresses.includes(address))?.name ?? address;
}

/** As the simulator's `nodesNamed`, so that a policy tried from a file gives the same answer. */
function means(who: string, { name, login, tags }: StatusPeer): boolean {
  const isDevice = name === who || name.split('.')[0] === who;
  return isDevice || login === who || `${login}@` === who || tags.includes(who);
}
