import type { Agent, IncomingHttpHeaders } from 'node:http';
import { stringify } from 'node:querystring';
import type { Way } from './way.ts';

export interface Call {
  readonly path: string;
  /** Sent by POST; without one it is a GET. */
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the connection comes from; undefined: wherever. */
  readonly localAddress?: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request on a kept connection. */
export function call(
  way: Way,
  agent: Agent,
  { path, form, headers, localAddress }: Call,
  signal: AbortSignal,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const body = form && stringify(form);
  const sent = way.request(
    {
      ...way.options,
      ...(localAddress === undefined ? {} : { localAddress }),
      path,
      method: body === undefined ? 'GET' : 'POST',
      agent,
      signal,
      headers: {
        ...way.headers,
        ...(body === undefined
          ? {}
          : {
              'content-type': 'application/x-www-form-urlencoded',
              'content-length': Buffer.byteLength(body),
            }),
        ...headers,
      },
    },
    (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    },
  );
  sent.on('error', reject);
  sent.end(body);
  return promise;
}
