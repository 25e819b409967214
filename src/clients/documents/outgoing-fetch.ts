import { LRUCache } from 'lru-cache';
import Provider, { type Client, type Configuration } from 'oidc-provider';
import { isSelfRegistered } from '../../access/self-registered.ts';
import type { Clock } from '../../clock.ts';
import type { OutgoingFetch } from '../../outgoing/fetch.ts';
import { readPublicKeys } from '../../protocol/public-keys.ts';
import { currentAsker } from './asker.ts';

/** How long a host that failed is left alone: without a good key set every bad assertion asks for it again. */
const failedSeconds = 10;
/** A key that its owner withdrew is not believed for longer, whatever the last answer said. */
const maxKeepSeconds = 3600;

/**
 * oidc-provider's `fetch`: key sets (`jwks_uri`) and sector identifiers are asked for behind the guard of all outgoing
 * requests. A URL that an operator registered may be anywhere, and plain HTTP on loopback.
 */
export function providerFetch(
  fetch: OutgoingFetch,
  clock: Clock,
): NonNullable<Configuration['fetch']> {
  const failures = () => new LRUCache<string, { until: number; error: unknown }>({ max: 1000 });
  // apart, or strangers who name an operator's URL, where they may not ask, would keep its app from asking
  const [failedForStrangers, failedForOperators] = [failures(), failures()];
  const get: OutgoingFetch = async (url, options) => {
    const failed = options?.trusted ? failedForOperators : failedForStrangers;
    const failure = failed.get(url);
    if (failure && clock.nowSeconds() < failure.until) throw failure.error;
    try {
      const answer = await fetch(url, { ...options, json: true });
      if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
      const set: unknown = JSON.parse(answer.body.toString('utf8')); // or it is a failure, too
      return options?.trusted ? answer : { ...answer, body: fewKeys(url, set) };
    } catch (error) {
      failed.set(url, { error, until: clock.nowSeconds() + failedSeconds });
      throw error;
    }
  };
  return async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    const options = {
      headers: sentHeaders(init.headers),
      trusted: isOperators(Provider.ctx?.oidc.client, url),
      asker: await currentAsker(),
      ...(init.signal ? { signal: init.signal } : {}),
    };
    if (init.method !== 'POST') return toResponse(await get(url, options));
    return toResponse(await fetch(url, { ...options, method: 'POST', body: String(init.body) }));
  };
}

/**
 * All keys of a set are tried on an assertion that names none, for whoever sends one: a stranger's set may hold no more
 * at a URL than in a document (T14). Nothing but key sets is asked for on behalf of strangers.
 */
function fewKeys(url: string, set: unknown): Buffer {
  const read = readPublicKeys(set);
  if (!read.ok) throw new Error(`${url} ${read.reason}`);
  return Buffer.from(JSON.stringify({ keys: read.keys }));
}

/** oidc-provider sets an empty user agent; ours is sent instead. */
function sentHeaders(headers: RequestInit['headers']): Record<string, string> {
  const sent = Object.fromEntries(new Headers(headers));
  delete sent['user-agent'];
  return sent;
}

/** Did an operator enter this very URL? */
function isOperators(client: Client | undefined, url: string): boolean {
  if (client === undefined || isSelfRegistered(client)) return false;
  const { jwksUri } = client;
  return jwksUri !== undefined && URL.parse(jwksUri)?.href === url;
}

function toResponse({ status, headers, body }: Awaited<ReturnType<OutgoingFetch>>): Response {
  const kept = /(?:^|,)\s*max-age\s*=\s*(\d{1,10})/i.exec(headers['cache-control'] ?? '')?.[1];
  const hasBody = status !== 204 && status !== 205 && status !== 304;
  return new Response(hasBody ? new Uint8Array(body) : null, {
    status,
    headers: {
      'content-type': headers['content-type'] ?? '',
      ...(kept === undefined
        ? {}
        : { 'cache-control': `max-age=${Math.min(Number(kept), maxKeepSeconds)}` }),
    },
  });
}
