import {
  decimal,
  type Fields,
  flag,
  nonsense,
  object,
  optionalObject,
  optionalText,
  readJson,
  text,
  texts,
} from './answer.ts';
import { readGroups } from './profile-groups.ts';
import { isStableId } from './stable-id.ts';
import type { CapMap, WhoisAnswer, WhoisNode, WhoisProfile } from './whois.ts';

export type Found = Extract<WhoisAnswer, { kind: 'found' }>;

/**
 * Reads the JSON that tailscaled answers about a peer it knows.
 * @param nowSeconds decides whether `Node.KeyExpiry` is over
 * @throws LocalApiError `nonsense`
 */
export function parseWhois(json: string, nowSeconds: number): Found {
  const answer = readJson(json);
  const node = readNode(object(answer['Node'], 'Node'), nowSeconds);
  const profile = readProfile(object(answer['UserProfile'], 'UserProfile'));
  if (node.tags.length === 0) checkOwner(node, profile);
  return { kind: 'found', node, profile, capMap: readCapMap(answer['CapMap']) };
}

/** A person's ID becomes the subject and the profile the name: they must be one person's, and somebody's. */
function checkOwner({ userId }: WhoisNode, { id }: WhoisProfile): void {
  if (userId !== id) throw nonsense('Node.User and UserProfile.ID are two users');
  if (userId === '0') throw nonsense('Node.User is nobody, and the node has no tags');
}

function readNode(node: Fields, nowSeconds: number): WhoisNode {
  const hostinfo = optionalObject(node['Hostinfo'], 'Node.Hostinfo');
  const expirySeconds = keyExpirySeconds(node['KeyExpiry']);
  return {
    stableId: readStableId(node['StableID']),
    nodeId: decimal(node['ID'], 'Node.ID'),
    name: optionalText(node['Name'], 'Node.Name') ?? '',
    userId: decimal(node['User'], 'Node.User'),
    key: optionalText(node['Key'], 'Node.Key') ?? '',
    addresses: texts(node['Addresses'], 'Node.Addresses'),
    tags: texts(node['Tags'], 'Node.Tags'),
    // tailscaled flags an expired key itself, but only once it has noticed
    expired:
      flag(node['Expired'], 'Node.Expired') ||
      (expirySeconds !== undefined && expirySeconds <= nowSeconds),
    keyExpires: expirySeconds !== undefined,
    sharee: flag(hostinfo['ShareeNode'], 'Node.Hostinfo.ShareeNode'),
    os: optionalText(hostinfo['OS'], 'Node.Hostinfo.OS'),
  };
}

function readStableId(value: unknown): string {
  const id = text(value, 'Node.StableID');
  if (!isStableId(id)) throw nonsense('Node.StableID is not printable, or far too long');
  return id;
}

/** Undefined for a key that never expires. */
function keyExpirySeconds(keyExpiry: unknown): number | undefined {
  const expiry = optionalText(keyExpiry, 'Node.KeyExpiry');
  // Go's zero time
  if (expiry === undefined || expiry.startsWith('0001-01-01T00:00:00')) return undefined;
  const expiryMs = Date.parse(expiry);
  if (Number.isNaN(expiryMs)) throw nonsense('Node.KeyExpiry is not a time');
  return expiryMs / 1000;
}

function readProfile(profile: Fields): WhoisProfile {
  const groups = readGroups(profile['Groups']);
  return {
    id: decimal(profile['ID'], 'UserProfile.ID'),
    loginName: text(profile['LoginName'], 'UserProfile.LoginName'),
    displayName: optionalText(profile['DisplayName'], 'UserProfile.DisplayName'),
    profilePicUrl: optionalText(profile['ProfilePicURL'], 'UserProfile.ProfilePicURL'),
    ...(groups ? { groups } : {}),
  };
}

/** Not `Node.CapMap`, which holds node attributes. Without a prototype: names come from the policy. */
function readCapMap(value: unknown): CapMap {
  const capMap: Record<string, readonly unknown[]> = Object.create(null);
  for (const [name, values] of Object.entries(optionalObject(value, 'CapMap'))) {
    // a capability granted without values, as `[]` or null, is granted all the same
    if (values === null || Array.isArray(values)) capMap[name] = values ?? [];
  }
  return capMap;
}
