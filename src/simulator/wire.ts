import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { ownAttributes } from './attributes.ts';
import { capabilities } from './grants.ts';
import { exactNumber } from './hujson.ts';
import type { Tailnet, TailnetNode, TailnetStatus } from './tailnet.ts';
import { visibleGroups } from './visible-groups.ts';

// Field names, order, types and what is left out when empty follow answers of tailscaled 1.102.3.

type Json = Readonly<Record<string, unknown>>;

/** tailscaled's capability version, as it stands in every answer's `Tailscale-Cap`. */
export const capabilityVersion = 142;

/** All tagged nodes of a tailnet share this user. */
const taggedDevices = { id: '2147455555', login: 'tagged-devices', displayName: 'Tagged Devices' };

const zeroTime = '0001-01-01T00:00:00Z';
const zeroKey = `nodekey:${'0'.repeat(64)}`;

/** The answer of whois for a connection from `node` to our own node. */
export function whoisAnswer(tailnet: Tailnet, self: TailnetNode, node: TailnetNode): Json {
  const granted = capabilities(tailnet.policy, tailnet, node, self);
  return {
    Node: nodeJson(tailnet, node),
    UserProfile: profileJson(tailnet, self, node),
    CapMap: Object.keys(granted).length === 0 ? null : granted,
  };
}

/** `Node` of whois, and a node in a line of the bus. */
export function nodeJson(tailnet: Tailnet, node: TailnetNode): Json {
  const prefixes = node.addresses.map(hostPrefix);
  return {
    ID: exactNumber(node.id),
    StableID: node.stableId,
    Name: dnsName(tailnet, node),
    User: exactNumber(ownerOf(tailnet, node).id),
    Key: node.key,
    ...keyExpiry(node),
    Machine: derivedKey('mkey', node),
    DiscoKey: derivedKey('discokey', node),
    Addresses: prefixes,
    AllowedIPs: prefixes,
    Endpoints: ['127.0.0.1:41641'],
    HomeDERP: 999,
    Hostinfo: hostinfo(tailnet.status, node),
    Created: node.created,
    Cap: capabilityVersion,
    ...(node.tags.length > 0 ? { Tags: node.tags } : {}),
    Online: node.online,
    ...(node.expired ? {} : { MachineAuthorized: true }),
    ...(node.name === tailnet.self ? { CapMap: ownAttributes(tailnet, node) } : {}),
    ComputedName: node.name,
    ComputedNameWithHost: node.name,
    ...(node.expired ? { Expired: true } : {}),
  };
}

/** The answer of status; `peers` adds everybody else's node. */
export function statusJson(tailnet: Tailnet, peers: boolean): Json {
  const { status } = tailnet;
  const self = tailnet.nodes.get(tailnet.self);
  const out = status.backendState === 'NeedsLogin' || status.backendState === 'NoState';
  if (self === undefined || out) return loggedOutStatus(tailnet);
  const others = [...tailnet.nodes.values()].filter((node) => node !== self);
  return {
    Version: status.version,
    TUN: status.tun,
    BackendState: status.backendState,
    HaveNodeKey: true,
    AuthURL: '',
    TailscaleIPs: self.addresses,
    Self: selfStatus(tailnet, self),
    Health: status.health,
    MagicDNSSuffix: tailnet.name,
    CurrentTailnet: { Name: tailnet.name, MagicDNSSuffix: tailnet.name, MagicDNSEnabled: true },
    CertDomains: status.certDomains,
    ExtraRecords: null,
    Peer: peers
      ? Object.fromEntries(others.map((node) => [node.key, peerStatus(tailnet, node)]))
      : null,
    User: profilesJson(tailnet, peers ? [self, ...others] : [self]),
    ClientVersion: null,
  };
}

/** Profiles by their user ID. */
export function profilesJson(tailnet: Tailnet, nodes: readonly TailnetNode[]): Json {
  const self = tailnet.nodes.get(tailnet.self);
  return Object.fromEntries(
    nodes.map((node) => [ownerOf(tailnet, node).id, profileJson(tailnet, self, node)]),
  );
}

function profileJson(tailnet: Tailnet, self: TailnetNode | undefined, node: TailnetNode): Json {
  const owner = ownerOf(tailnet, node);
  return {
    ID: exactNumber(owner.id),
    LoginName: owner.login,
    ...(owner.displayName === undefined ? {} : { DisplayName: owner.displayName }),
    ...(owner.picture === undefined ? {} : { ProfilePicURL: owner.picture }),
    ...(self ? visibleGroups(tailnet, self, node) : {}),
  };
}

function ownerOf(
  tailnet: Tailnet,
  node: TailnetNode,
): { id: string; login: string; displayName?: string | undefined; picture?: string | undefined } {
  return (node.user === undefined ? undefined : tailnet.users.get(node.user)) ?? taggedDevices;
}

function hostinfo(status: TailnetStatus, node: TailnetNode): Json {
  return {
    IPNVersion: status.version,
    OS: node.os,
    Desktop: false,
    ...(node.sharee ? { ShareeNode: true } : {}),
    Hostname: node.name,
    GoArch: 'amd64',
    Services: [
      { Proto: 'peerapi4', Port: 41_642 },
      { Proto: 'peerapi6', Port: 41_642 },
    ],
    NetInfo: { WorkingIPv6: false, WorkingUDP: true, PreferredDERP: 999 },
    Userspace: !status.tun,
    UserspaceRouter: !status.tun,
  };
}

function selfStatus(tailnet: Tailnet, self: TailnetNode): Json {
  const given = Object.fromEntries(tailnet.status.attributes.map((name) => [name, []]));
  const attributes: Json = { ...ownAttributes(tailnet, self), ...given };
  return {
    ...peerStatus(tailnet, self),
    Addrs: ['127.0.0.1:41641'],
    Online: tailnet.status.online,
    TaildropTarget: 0,
    Capabilities: Object.keys(attributes),
    CapMap: attributes,
    InMagicSock: false,
  };
}

function peerStatus(tailnet: Tailnet, node: TailnetNode): Json {
  return {
    ID: node.stableId,
    NodeID: exactNumber(node.id),
    PublicKey: node.key,
    HostName: node.name,
    DNSName: dnsName(tailnet, node),
    OS: node.os,
    UserID: exactNumber(ownerOf(tailnet, node).id),
    TailscaleIPs: node.addresses,
    AllowedIPs: node.addresses.map(hostPrefix),
    ...(node.tags.length > 0 ? { Tags: node.tags } : {}),
    ...(node.sharee ? { ShareeNode: true } : {}),
    Addrs: null,
    ...idleConnection(node.created),
    Online: node.online,
    ...neverExitNode,
    PeerAPIURL: node.addresses.map((ip) => `http://${isIPv4(ip) ? ip : `[${ip}]`}:41642`),
    TaildropTarget: node.tags.length > 0 ? 1 : 9,
    NoFileSharingReason: '',
    ...(node.expired ? { Expired: true } : {}),
    ...keyExpiry(node),
    InNetworkMap: true,
    InMagicSock: true,
    InEngine: false,
  };
}

function loggedOutStatus({ status, self }: Tailnet): Json {
  return {
    Version: status.version,
    TUN: status.tun,
    BackendState: status.backendState,
    AuthURL: status.authUrl,
    TailscaleIPs: null,
    Self: {
      ID: '',
      NodeID: 0,
      PublicKey: zeroKey,
      HostName: self,
      DNSName: '',
      OS: 'linux',
      UserID: 0,
      TailscaleIPs: null,
      Addrs: [],
      ...idleConnection(zeroTime),
      Online: false,
      ...neverExitNode,
      PeerAPIURL: null,
      TaildropTarget: 0,
      NoFileSharingReason: '',
      InNetworkMap: false,
      InMagicSock: false,
      InEngine: false,
    },
    Health: status.health.length > 0 ? status.health : ['Tailscale is stopped.'],
    MagicDNSSuffix: '',
    CurrentTailnet: null,
    CertDomains: null,
    ExtraRecords: null,
    Peer: null,
    User: null,
    ClientVersion: null,
  };
}

function keyExpiry({ expired, created, keyExpiry }: TailnetNode): Json {
  const expiry = expired ? created : keyExpiry;
  return expiry === undefined ? {} : { KeyExpiry: expiry };
}

const neverExitNode = { ExitNode: false, ExitNodeOption: false, Active: false };

function idleConnection(created: string): Json {
  return {
    CurAddr: '',
    Relay: created === zeroTime ? '' : 'sim',
    PeerRelay: '',
    RxBytes: 0,
    TxBytes: 0,
    Created: created,
    LastWrite: zeroTime,
    LastSeen: zeroTime,
    LastHandshake: zeroTime,
  };
}

function dnsName(tailnet: Tailnet, node: TailnetNode): string {
  return `${node.name}.${node.tailnet ?? tailnet.name}.`;
}

function hostPrefix(ip: string): string {
  return `${ip}/${isIPv4(ip) ? 32 : 128}`;
}

function derivedKey(kind: 'mkey' | 'discokey', node: TailnetNode): string {
  return `${kind}:${createHash('sha256').update(`${kind} ${node.name}`).digest('hex')}`;
}
