import { createHash } from 'node:crypto';
import { isOwnMember } from '../store/client-members.ts';
import type { StoredClient } from '../store/store.ts';

/**
 * What an administrator approved and what people allowed is a client as it was then (T41): what it calls itself, where
 * it sends people, how it proves who it is, and what it demands of itself. Every member counts that is not named
 * here, so a new one can't be forgotten.
 */
const without: ReadonlySet<string> = new Set([
  // says neither who it is nor where anybody is sent, and all that we sign with are equally strong
  'id_token_signed_response_alg',
  // not taken any more, and shown to nobody
  'policy_uri',
  'tos_uri',
  'logo_uri',
  // times that oidc-provider keeps
  'client_id_issued_at',
  'client_secret_expires_at',
]);

type Told = Pick<StoredClient, 'metadata' | 'secretVerifier'>;

/** Equal for clients that are the same to whoever looked at one; the order of lists says nothing. */
export function trustDigest({ metadata, secretVerifier }: Told): string {
  const told = Object.entries(metadata).filter(
    // what oidc-provider carries for us is what we and operators say of it, which no client can
    ([name, value]) => value !== undefined && !without.has(name) && !isOwnMember(name),
  );
  return createHash('sha256')
    .update(ordered({ ...Object.fromEntries(told), ' secret': secretVerifier }))
    .digest('base64url');
}

/** JSON that is the same whatever the order of members and items was. */
function ordered(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(ordered).sort().join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${ordered(member)}`,
  );
  return `{${members.sort().join()}}`;
}

/**
 * Whoever changes a client that came by itself, be it its owner or an administrator: as another client than was looked
 * at it is approved by nobody, and what people allowed it must be forgotten.
 * @returns the client to save
 */
export function endTrust(
  before: StoredClient,
  after: StoredClient,
): { readonly client: StoredClient; readonly isOther: boolean } {
  if (trustDigest(before) === trustDigest(after)) return { client: after, isOther: false };
  const { approved: _, ...options } = after.options;
  return { client: { ...after, options }, isOther: true };
}

/**
 * For the audit record of the change.
 * @param consents how many were forgotten
 */
export function whatEnded(approved: boolean, consents: number): { ended?: readonly string[] } {
  const ended = [...(approved ? ['approval'] : []), ...(consents > 0 ? ['consents'] : [])];
  return ended.length > 0 ? { ended } : {};
}

export const isApproved = ({ options }: Pick<StoredClient, 'options'>): boolean =>
  options.approved === true;
