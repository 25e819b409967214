import { type Clock, elapsedSeconds, type Moment, momentNow } from '../clock.ts';
import { parseAddress } from '../protocol/address.ts';
import { flag, nonsense, optionalObject, optionalText, readJson, text, texts } from './answer.ts';
import { type LocalApi, unexpectedStatus } from './local-api.ts';
import { readVisibleGroups } from './profile-groups.ts';

/** What `status` says of our own node. */
export interface NodeStatus {
  /** tailscaled's version, e.g. `1.102.3`. */
  readonly version: string;
  /** `Running`, `NeedsLogin`, `NeedsMachineAuth`, `Stopped`, `Starting`, `NoState`. */
  readonly backendState: string;
  readonly tun: boolean;
  /** StableID of our own node; empty while logged out. */
  readonly stableId: string;
  /** DNS name without its trailing dot; empty while logged out. */
  readonly dnsName: string;
  /** Our own tailnet addresses, canonical. */
  readonly addresses: readonly string[];
  readonly tags: readonly string[];
  /** False within seconds of losing the control server, while whois goes on answering from the last map. */
  readonly online: boolean;
  readonly magicDnsSuffix: string;
  /** Domains that tailscaled can get certificates for; empty without HTTPS. */
  readonly certDomains: readonly string[];
  /** Names of the node's attributes (`nodeAttrs` of the policy and the tailnet's features), e.g. `funnel`. */
  readonly attributes: readonly string[];
  /** Which groups of people it is told of (`readVisibleGroups`); undefined: of none. */
  readonly visibleGroups?: readonly string[];
  readonly health: readonly string[];
}

export interface StatusWatch {
  /** The last good answer; undefined until there is one. */
  current(): NodeStatus | undefined;
  /** Why tailscaled can't be asked right now; undefined while the last question was answered. */
  failure(): Error | undefined;
  /** Seconds since the control server was last seen online; 0 while it is. Infinity before the first answer. */
  staleSeconds(): number;
  /** Ask now. @throws LocalApiError */
  refresh(): Promise<NodeStatus>;
  stop(): void;
}

/**
 * Reads the JSON that tailscaled answers to `status`. Logged out, much of it is null.
 * @throws LocalApiError `nonsense`
 */
export function parseStatus(json: string): NodeStatus {
  const answer = readJson(json);
  const self = optionalObject(answer['Self'], 'Self');
  const attributes = optionalObject(self['CapMap'], 'Self.CapMap');
  const visibleGroups = readVisibleGroups(attributes);
  if (typeof answer['TUN'] !== 'boolean') throw nonsense('TUN is not true or false');
  return {
    version: optionalText(answer['Version'], 'Version') ?? '',
    backendState: text(answer['BackendState'], 'BackendState'),
    tun: answer['TUN'],
    stableId: optionalText(self['ID'], 'Self.ID') ?? '',
    dnsName: (optionalText(self['DNSName'], 'Self.DNSName') ?? '').replace(/\.$/, ''),
    addresses: texts(answer['TailscaleIPs'], 'TailscaleIPs').map(canonical),
    tags: texts(self['Tags'], 'Self.Tags'),
    online: flag(self['Online'], 'Self.Online'),
    magicDnsSuffix: optionalText(answer['MagicDNSSuffix'], 'MagicDNSSuffix') ?? '',
    certDomains: texts(answer['CertDomains'], 'CertDomains'),
    attributes: Object.keys(attributes).sort(),
    ...(visibleGroups ? { visibleGroups } : {}),
    health: texts(answer['Health'], 'Health'),
  };
}

function canonical(address: string): string {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw nonsense('TailscaleIPs holds something other than IP addresses');
  return parsed;
}

export interface StatusOptions {
  readonly api: Pick<LocalApi, 'get'>;
  readonly clock: Clock;
  /** Pause between questions while all is well: how exact `staleSeconds` is; default 1. */
  readonly intervalSeconds?: number;
  /** Pause while tailscaled can't be asked, does not run or has lost the control server; default 1. */
  readonly retrySeconds?: number;
  /** The status or the failure is another one than before. */
  readonly onChange?: (status: NodeStatus | undefined, failure: Error | undefined) => void;
}

const path = '/localapi/v0/status?peers=false';

/** Asks `status` now and then on a timer, which keeps no process alive. */
export function watchStatus(options: StatusOptions): StatusWatch {
  const { api, clock, intervalSeconds = 1, retrySeconds = 1, onChange } = options;
  let current: NodeStatus | undefined;
  let failure: Error | undefined;
  let lastOnline: Moment | undefined;
  let running: Promise<NodeStatus> | undefined;
  let queued: Promise<NodeStatus> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let told = '';

  const isOnline = () => !failure && current?.backendState === 'Running' && current.online;
  const ask = async (): Promise<NodeStatus> => {
    try {
      const { status, text: body } = await api.get(path);
      if (status !== 200) throw unexpectedStatus(path, status, body);
      current = parseStatus(body);
      failure = undefined;
      if (isOnline()) lastOnline = momentNow(clock);
      return current;
    } catch (error) {
      failure = error instanceof Error ? error : new Error('status failed', { cause: error });
      throw failure;
    } finally {
      running = undefined;
      schedule();
      tell();
    }
  };
  const schedule = () => {
    clearTimeout(timer);
    if (stopped) return;
    timer = setTimeout(askQuietly, (isOnline() ? intervalSeconds : retrySeconds) * 1000);
    timer.unref();
  };
  const tell = () => {
    const news = JSON.stringify([current, failure?.message]);
    if (stopped || news === told) return;
    told = news;
    onChange?.(current, failure);
  };
  const refresh = (): Promise<NodeStatus> => {
    if (!running) {
      running = ask();
      return running;
    }
    // the question under way may be answered from before whatever the caller heard of: one more follows it
    queued ??= running
      .catch(() => undefined)
      .then(() => {
        queued = undefined;
        return refresh();
      });
    return queued;
  };
  // failure() keeps the reason
  const askQuietly = () => void refresh().catch(() => undefined);

  askQuietly();
  return {
    current: () => current,
    failure: () => failure,
    staleSeconds() {
      if (isOnline()) return 0;
      // never seen online: for how long is anybody's guess
      if (lastOnline === undefined) return Number.POSITIVE_INFINITY;
      return Math.max(1, Math.floor(elapsedSeconds(lastOnline, clock)));
    },
    refresh,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
