import type { IncomingMessage } from 'node:http';
import type { RequestFacts } from './verify.ts';

/** @param target the request's target before any router cut a prefix off */
export function factsOf(request: IncomingMessage, target: string): RequestFacts {
  const { authorization, dpop } = request.headersDistinct;
  return {
    method: request.method ?? '',
    path: target,
    // Node would silently take the first of two
    authorization: authorization?.join(', '),
    dpop: dpop?.join(', '),
  };
}
