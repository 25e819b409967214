import { parseAddress } from '../protocol/address.ts';
import { decimal, flag, object, optionalObject, optionalText, readJson, texts } from './answer.ts';

/** Another device, as `status` lists it. */
export interface StatusPeer {
  /** Empty where tailscaled says none. */
  readonly stableId: string;
  /** DNS name without its trailing dot. */
  readonly name: string;
  /** Canonical. */
  readonly addresses: readonly string[];
  /** Undefined for machines, whose user is nobody. */
  readonly login: string | undefined;
  readonly tags: readonly string[];
  /** A device of another tailnet. */
  readonly sharee: boolean;
  /** When it joined, by the control server's clock; epoch seconds. */
  readonly createdSeconds: number;
}

/**
 * The devices in the JSON that tailscaled answers to `status` with peers, in the order of their names.
 * @throws LocalApiError `nonsense`
 */
export function parsePeers(json: string): StatusPeer[] {
  const answer = readJson(json);
  const users = optionalObject(answer['User'], 'User');
  return Object.values(optionalObject(answer['Peer'], 'Peer'))
    .map((value) => readPeer(object(value, 'Peer'), users))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readPeer(
  peer: Readonly<Record<string, unknown>>,
  users: Readonly<Record<string, unknown>>,
): StatusPeer {
  const tags = texts(peer['Tags'], 'Peer.Tags');
  const profile = optionalObject(users[decimal(peer['UserID'], 'Peer.UserID')], 'User');
  const login = optionalText(profile['LoginName'], 'User.LoginName');
  return {
    stableId: optionalText(peer['ID'], 'Peer.ID') ?? '',
    name: (optionalText(peer['DNSName'], 'Peer.DNSName') ?? '').replace(/\.$/, ''),
    addresses: texts(peer['TailscaleIPs'], 'Peer.TailscaleIPs').flatMap(
      (address) => parseAddress(address) ?? [],
    ),
    login: tags.length === 0 ? login : undefined,
    tags,
    sharee: flag(peer['ShareeNode'], 'Peer.ShareeNode'),
    createdSeconds: timeOf(peer['Created']),
  };
}

/** 0 for Go's zero time, and for what is no time. */
function timeOf(value: unknown): number {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return ms > 0 ? ms / 1000 : 0;
}
