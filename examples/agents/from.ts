import { type IncomingMessage, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Request {
  readonly url: URL | string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

const limitMs = 10_000;

/**
 * One request from a given address of this machine: here the address says who calls, as the device does on a tailnet.
 * @throws Error when there is no answer within ten seconds
 */
export async function requestFrom(
  address: string,
  { url, method, headers = {}, form, json }: Request,
): Promise<Answer> {
  const body = form ? new URLSearchParams(form).toString() : json && JSON.stringify(json);
  const type = form ? 'application/x-www-form-urlencoded' : 'application/json';
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request(
    url,
    {
      localAddress: address,
      method: method ?? (body ? 'POST' : 'GET'),
      headers: { ...headers, ...(body ? { 'content-type': type } : {}) },
      signal: AbortSignal.timeout(limitMs),
    },
    resolve,
  );
  sent.once('error', reject);
  sent.end(body);
  const answer = await promise;
  const chunks = await answer.setEncoding('utf8').toArray();
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: chunks.join('') };
}

/** @throws Error with the whole answer where it is not 200 */
export function jsonOf({ status, body }: Answer): Record<string, unknown> {
  if (status !== 200) throw new Error(`${status}: ${body}`);
  return JSON.parse(body);
}
