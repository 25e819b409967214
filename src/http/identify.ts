import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { refuse } from '../identity/identify.ts';
import type { Identified } from '../identity/identity.ts';
import type { Oracle } from '../identity/oracle.ts';
import { parseAddress } from '../peer/address.ts';
import type { RequestFacts } from '../provider/request.ts';

/**
 * Headers that a proxy in between leaves behind. Whoever owns the connection is then the proxy and not the person
 * behind it, so they take the identity away (T34). No header ever gives one (T19).
 */
const proxyHeaders: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-original-forwarded-for',
  'true-client-ip',
  'cf-connecting-ip',
  'cdn-loop',
]);

function isFromProxy(headers: IncomingMessage['headers']): boolean {
  return Object.keys(headers).some(
    (name) => proxyHeaders.has(name) || name.startsWith('x-forwarded-'),
  );
}

/** What the `tailnet` and `demo` listeners know of a request: the peer is the other end of its socket. */
export function factsOfSocket(request: IncomingMessage, oracle: Oracle): RequestFacts {
  const address = parseAddress(request.socket.remoteAddress ?? '');
  const port = request.socket.remotePort ?? 0;
  const proxied = isFromProxy(request.headers);
  let answer: Promise<Identified> | undefined;
  const ask = async (): Promise<Identified> => {
    if (proxied) return refuse('proxied');
    if (address === undefined) return refuse('unknown');
    return oracle.connection(address, port);
  };
  return {
    requestId: randomUUID(),
    peer: address ?? 'unknown',
    identify: () => {
      answer ??= ask();
      return answer;
    },
  };
}
