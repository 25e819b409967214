import type { IncomingMessage } from 'node:http';

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

/** @param expected headers of the one proxy that belongs to this listener, lower case */
export function isFromProxy(
  { headers }: IncomingMessage,
  expected: ReadonlySet<string> = new Set(),
): boolean {
  return Object.keys(headers).some(
    (name) => !expected.has(name) && (proxyHeaders.has(name) || name.startsWith('x-forwarded-')),
  );
}
