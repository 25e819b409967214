import type { IncomingMessage } from 'node:http';
import { refuse } from '../../identity/identify.ts';
import type { Identified } from '../../identity/identity.ts';
import type { Oracle } from '../../identity/oracle.ts';
import { isTailnetAddress } from '../../peer/address.ts';
import { parseAddress } from '../../protocol/address.ts';
import { isFromProxy } from './proxied.ts';

/**
 * What Caddy, Traefik, HAProxy and nginx send. Anything else tells of one more proxy, or of one that does not say
 * who its client is in the only way that is read here.
 */
const usual: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-scheme',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-real-ip',
  'via',
]);

/**
 * Is this peer, as whois knows it, one of the operator's proxies? Never our own node: any program on it could say
 * that it is anybody.
 * @param names StableIDs and tags
 */
export function isTrustedProxy(peer: Identified, names: ReadonlySet<string>): boolean {
  if (!peer.ok || peer.through !== undefined) return false;
  const { identity } = peer;
  if (identity.kind === 'user' && identity.foreign) return false;
  const tags = identity.kind === 'machine' ? identity.tags : [];
  return [identity.node.stableId, ...tags].some((name) => names.has(name));
}

/**
 * Whom a proxy says its client is: the one tailnet address that it wrote.
 * @returns undefined for everything that could mean more than one thing
 */
export function clientOfProxy(request: IncomingMessage): string | undefined {
  if (isFromProxy(request, usual)) return undefined;
  const { headersDistinct } = request;
  const client = single(headersDistinct['x-forwarded-for']);
  const address = client === undefined ? undefined : tailnetAddress(client);
  const { 'x-real-ip': repeated, via } = headersDistinct;
  if (repeated !== undefined && tailnetAddress(single(repeated) ?? '') !== address)
    return undefined;
  // two of them, two proxies
  if (via !== undefined && single(via) === undefined) return undefined;
  return address;
}

/** One field with one value. */
function single(values: readonly string[] | undefined): string | undefined {
  const [value] = values ?? [];
  return values?.length === 1 && value !== undefined && !value.includes(',') ? value : undefined;
}

function tailnetAddress(text: string): string | undefined {
  const address = text.includes('%') ? undefined : parseAddress(text.trim());
  return address !== undefined && isTailnetAddress(address) ? address : undefined;
}

/**
 * The owner of that address, as far as a proxy may speak for somebody: never for a proxy, which would be one more
 * in between, and never for our own node.
 */
export async function behindProxy(
  client: string | undefined,
  names: ReadonlySet<string>,
  oracle: Oracle,
): Promise<Identified> {
  if (client === undefined) return refuse('proxied');
  // a tailnet address is found by itself
  const person = await oracle.connection(client, 0);
  if (!person.ok) return person;
  if (person.through !== undefined || isTrustedProxy(person, names)) return refuse('proxied');
  return { ...person, through: 'proxy' };
}
