import type { RequestListener, Server } from 'node:http';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { BackchannelListen, CertificateFiles, ServeListen } from '../config/listen.ts';
import type { Oracle } from '../identity/oracle.ts';
import type { Logger } from '../log.ts';
import type { LocalApi } from '../peer/local-api.ts';
import { peerShare } from '../peer/peer-share.ts';
import { keepServed } from '../peer/serve.ts';
import { serveProblem } from '../peer/serve-rights.ts';
import type { NodeStatus, StatusWatch } from '../peer/status.ts';
import { adminSocketPath } from './admin-paths.ts';
import { bindAll } from './bound.ts';
import type { ChosenListen } from './choose.ts';
import type { Guard } from './guard.ts';
import { adminEntrance } from './identify/admin.ts';
import { backchannelEntrance } from './identify/backchannel.ts';
import type { Entrance } from './identify/entrance.ts';
import { serveEntrance } from './identify/serve.ts';
import { socketEntrance } from './identify/socket.ts';
import { userspaceEntrance } from './identify/userspace.ts';
import { ListenError, listen, type Place } from './listeners.ts';
import { type CertificateSource, createTls, type Tls } from './tls.ts';
import { prepareSocket } from './unix-socket.ts';

export interface OpenParts {
  readonly issuer: URL;
  readonly api: LocalApi;
  /** Our own node, as it was when all began. */
  readonly node: NodeStatus;
  readonly status: StatusWatch;
  readonly oracle: Oracle;
  readonly stateDirectory: string;
  readonly headerLimitBytes: number;
  readonly requestTimeoutMs: number;
  readonly drainMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** The app behind a listener. */
  readonly answer: (entrance: Entrance) => RequestListener;
  readonly guard: Guard;
}

/** A listener that listens. */
export interface Opened {
  /** Where, now. */
  urls(): readonly string[];
  /** tailscaled says something else of our node than before. */
  nodeChanged(node: NodeStatus): void;
  /** Lets answers under way go out, for so long at most. */
  close(timeoutMs: number): Promise<void>;
}

/** @throws ListenError, ServeConflict, LocalApiError: what is wrong and what to do */
export function openListener(chosen: ChosenListen, parts: OpenParts): Promise<Opened> {
  if (chosen.type === 'serve') return openServe(chosen, parts);
  if (chosen.type === 'backchannel') return openBackchannel(chosen, parts);
  return openFront(chosen, parts);
}

type FrontListen = Extract<ChosenListen, { type: 'tailnet' | 'userspace' | 'demo' }>;

async function openFront(chosen: FrontListen, parts: OpenParts): Promise<Opened> {
  const { type } = chosen;
  const { node, log } = parts;
  if (type === 'userspace' && node.tun) {
    log.warn(
      'tailscaled has a TUN device, so no peer ever comes through the userspace listener: use "tailnet"',
    );
  }
  const trusted = type === 'tailnet' ? chosen.trustedProxies : [];
  const entrance =
    type === 'userspace' ? userspaceEntrance(parts) : socketEntrance(type, parts, trusted);
  const source = type === 'demo' || chosen.plainHttp ? undefined : sourceOf(chosen, parts);
  const tls = source && (await openTls(source, [parts.issuer.hostname, node.dnsName], parts));
  const follows = type === 'tailnet' && chosen.addresses === undefined;
  // tailscaled without TUN dials for all its peers from one address
  const of = type === 'userspace' ? () => undefined : parts.oracle.share;
  const where = { addresses: addressesOf(chosen, node), port: chosen.port, of };
  return openTcp(where, tls, entrance, parts, follows);
}

/** tailscaled without TUN dials 127.0.0.1 for its peers, whether they use IPv4 or IPv6. */
function addressesOf(chosen: FrontListen, node: NodeStatus): readonly string[] {
  if (chosen.type === 'userspace') return ['127.0.0.1'];
  if (chosen.type === 'demo') return chosen.hosts;
  return chosen.addresses ?? node.addresses;
}

async function openBackchannel(chosen: BackchannelListen, parts: OpenParts): Promise<Opened> {
  const { address, port } = chosen;
  const baseUrl = new URL(chosen.baseUrl);
  const source = filesOf(chosen);
  const tls = source && (await openTls(source, [baseUrl.hostname, address], parts));
  const { ownerOf } = parts.guard.connections;
  const entrance = backchannelEntrance({ baseUrl, address, ownerOf });
  return openTcp({ addresses: [address], port, of: peerShare }, tls, entrance, parts, false);
}

function sourceOf(chosen: CertificateFiles, { api, node }: OpenParts): CertificateSource {
  return filesOf(chosen) ?? { api, domain: node.dnsName };
}

function filesOf({ certificateFile, keyFile }: CertificateFiles): CertificateSource | undefined {
  return certificateFile && keyFile ? { certificateFile, keyFile } : undefined;
}

function openTls(
  source: CertificateSource,
  names: readonly string[],
  { clock, log }: OpenParts,
): Promise<Tls> {
  return createTls({ source, names, clock, log });
}

interface Where {
  readonly addresses: readonly string[];
  readonly port: number;
  /** Whose a connection is, by the address of its other end. */
  readonly of: (address: string) => string | undefined;
}

/** @param follows binds the node's addresses as they change */
async function openTcp(
  { addresses, port, of }: Where,
  tls: Tls | undefined,
  entrance: Entrance,
  parts: OpenParts,
  follows: boolean,
): Promise<Opened> {
  const { drainMs, log } = parts;
  const answer = parts.answer(entrance);
  const bind = (address: string) => listenAt({ address, port }, tls, answer, parts, of);
  try {
    const bound = await bindAll({ addresses, bind, drainMs, log });
    tls?.onRenewal((renewed) => bound.setCertificate(renewed));
    return {
      urls: bound.urls,
      nodeChanged(node) {
        // logged out for a while it has none, and will most likely have the same ones again
        if (follows && node.addresses.length > 0) void bound.move(node.addresses);
      },
      close(timeoutMs) {
        tls?.stop();
        return bound.close(timeoutMs);
      },
    };
  } catch (error) {
    tls?.stop();
    throw error;
  }
}

function listenAt(
  place: Place,
  tls: Tls | undefined,
  answer: RequestListener,
  { headerLimitBytes, requestTimeoutMs, guard }: OpenParts,
  of?: (address: string) => string | undefined,
): ReturnType<typeof listen> {
  const watch = (server: Server) => guard.watch(server, of);
  const options = { place, tls: tls?.current(), headerLimitBytes, requestTimeoutMs, watch };
  return listen(options, guard.pass(answer));
}

async function openServe(chosen: ServeListen, parts: OpenParts): Promise<Opened> {
  const { api, status, log } = parts;
  const problem = serveProblem(parts.node, chosen);
  if (problem !== undefined) throw new ListenError(problem);
  const socketPath = join(parts.stateDirectory, 'serve', 'serve.sock');
  prepareSocket(socketPath);
  const answer = parts.answer(serveEntrance(parts));
  const listening = await listenAt({ path: socketPath }, undefined, answer, parts);
  const { port, plainHttp, funnel } = chosen;
  // a node that was renamed is served under its new name: nobody finds it under the old one
  const host = () => (status.current()?.dnsName || parts.node.dnsName).toLowerCase();
  try {
    const served = await keepServed({
      api,
      entry: () => ({ host: host(), port, plainHttp, funnel, socketPath }),
      onServed: () => log.info(`tailscaled serves ${host()}:${port}${funnel ? ' (Funnel)' : ''}`),
      onTrouble: (error) => log.error({ err: error }, 'tailscaled does not serve us, trying again'),
    });
    return {
      urls: () => [listening.url],
      nodeChanged: () => served.refresh(),
      async close(timeoutMs) {
        await served.close();
        await listening.close(timeoutMs);
      },
    };
  } catch (error) {
    await listening.close(0);
    throw error;
  }
}

/**
 * The socket of the command line; it is always there. Where its path is too long for the system the daemon goes
 * without it, as nobody's login needs it.
 */
export async function openAdmin(parts: OpenParts): Promise<Opened | undefined> {
  const path = adminSocketPath(parts.stateDirectory);
  try {
    prepareSocket(path);
    const answer = parts.answer(adminEntrance(parts.issuer));
    const listening = await listenAt({ path }, undefined, answer, parts);
    return {
      urls: () => [listening.url],
      nodeChanged: () => undefined,
      close: (timeoutMs) => listening.close(timeoutMs),
    };
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    parts.log.warn(`The admin socket is not there: ${error.message}`);
    return undefined;
  }
}
