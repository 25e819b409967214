import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, isIPv6, type LookupFunction } from 'node:net';
import { type Destination, hostOf } from './destination.ts';
import { OutgoingError } from './outgoing-error.ts';

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
  readonly limitBytes: number;
  /** Certificates to trust beside the platform's. */
  readonly ca: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * One request over one new connection to a checked address, and its whole answer. Nothing is followed, decoded or
 * kept: no redirect, cookie, proxy, or compression.
 * @throws OutgoingError
 */
export async function exchange(destination: Destination, question: Question): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { protocol } = destination.url;
  let answered = false;
  const request = (protocol === 'https:' ? https : http).request(
    optionsOf(destination, question),
    (response) => {
      answered = true;
      read(response, question.limitBytes).then(resolve, (error: unknown) => {
        request.destroy();
        reject(error);
      });
    },
  );
  request.on('error', (cause) => reject(failureOf(cause, question.signal)));
  // after an error this changes nothing; without one, the server hung up before it answered
  request.on('close', () => {
    if (!answered) reject(new OutgoingError('connection', 'hung up without an answer'));
  });
  request.end(question.body);
  return promise;
}

function optionsOf({ url, addresses }: Destination, question: Question): https.RequestOptions {
  const host = hostOf(url);
  return {
    host,
    port: url.port === '' ? undefined : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method: question.method,
    headers: {
      'user-agent': 'tsidp',
      // what is not asked for need not be unpacked, and is refused below
      'accept-encoding': 'identity',
      ...question.headers,
      connection: 'close',
    },
    // a new one, so that no connection, session or proxy of the environment is shared
    agent: false,
    lookup: pinned(addresses),
    signal: question.signal,
    maxHeaderSize: 16_384,
    // NODE_TLS_REJECT_UNAUTHORIZED must not reach here
    rejectUnauthorized: true,
    ...(isIP(host) ? {} : { servername: host }),
    ...(question.ca === undefined ? {} : { ca: question.ca }),
  };
}

/** Answers what was resolved and checked, whatever the name would resolve to by now. */
function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_hostname, options, callback) => {
    if (options.all) callback(null, all);
    else callback(null, all[0]?.address ?? '', all[0]?.family);
  };
}

async function read(response: http.IncomingMessage, limitBytes: number): Promise<Answer> {
  const { statusCode: status = 0, headers } = response;
  if (status >= 300 && status < 400 && status !== 304) {
    throw new OutgoingError(
      'redirect',
      `answered with a redirect (${status}), which is not followed`,
    );
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new OutgoingError('encoding', 'answered with a compressed body, which was not asked for');
  }
  const tooLarge = () =>
    new OutgoingError('size', `answered with more than ${limitBytes / 1024} KiB`);
  if (Number(headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limitBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof OutgoingError) throw cause;
    throw failureOf(cause, undefined);
  }
  return { status, headers, body: Buffer.concat(chunks) };
}

function failureOf(cause: unknown, signal: AbortSignal | undefined): OutgoingError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (signal?.aborted || code === 'ABORT_ERR') return timedOut(cause);
  if (/CERT|TLS_|SELF_SIGNED|UNABLE_TO_VERIFY|ISSUER/.test(code)) {
    return new OutgoingError('certificate', `has a certificate that is not valid (${code})`, {
      cause,
    });
  }
  if (code.startsWith('HPE_')) {
    return new OutgoingError('type', 'answered with something that is not HTTP', { cause });
  }
  return new OutgoingError('connection', 'could not be reached', { cause });
}

export function timedOut(cause: unknown): OutgoingError {
  return new OutgoingError('timeout', 'did not answer in time', { cause });
}
