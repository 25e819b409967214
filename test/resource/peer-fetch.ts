import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** `fetch` as a program on the node with this address would call it. */
export function fetchFrom(localAddress: string): typeof fetch {
  return async (input, { method = 'GET', headers, body } = {}) => {
    const sent = request(String(input), {
      method,
      localAddress,
      agent: false,
      headers: {
        ...Object.fromEntries(new Headers(headers)),
        ...(body instanceof URLSearchParams
          ? { 'content-type': 'application/x-www-form-urlencoded' }
          : {}),
      },
    });
    sent.end(body instanceof URLSearchParams ? body.toString() : undefined);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return new Response(await text(answer), { status: answer.statusCode ?? 0 });
  };
}
