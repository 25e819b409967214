import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { LineSplitter } from './line-splitter.ts';
import { explainFailure } from './local-api-failure.ts';
import { tailscaleCli } from './socket.ts';

/**
 * - `absent`: no socket there
 * - `refused`: nobody listens on it, or it can't be connected to
 * - `forbidden`: our user may not
 * - `timeout`: no whole answer in time
 * - `nonsense`: an answer that tailscaled would not give
 * - `closed`: the connection ended in the middle
 * - `status`: an HTTP status that the question should not get
 */
export type LocalApiErrorCode =
  | 'absent'
  | 'refused'
  | 'forbidden'
  | 'timeout'
  | 'nonsense'
  | 'closed'
  | 'status';

/** tailscaled can't be asked or answers something else than an answer. The message says what to do. */
export class LocalApiError extends Error {
  override readonly name = 'LocalApiError';
  readonly code: LocalApiErrorCode;
  /** HTTP status where there was one. */
  readonly status: number | undefined;

  constructor(
    code: LocalApiErrorCode,
    message: string,
    options: ErrorOptions & { status?: number } = {},
  ) {
    super(message, options);
    this.code = code;
    this.status = options.status;
  }
}

export interface LocalApiAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** The macOS app listens on 127.0.0.1 instead of a socket and wants its token as password. */
export type LocalApiAddress =
  | { readonly socket: string }
  | { readonly port: number; readonly token: string };

/** `socket` is the path of the Unix socket, or of a Windows named pipe. */
export type LocalApiOptions = LocalApiAddress & {
  /** For a whole request, waiting for a connection and a second attempt included; default 2000. */
  readonly timeoutMs?: number;
};

const defaultTimeoutMs = 2000;
const bodyLimitBytes = 4 * 1024 * 1024;
/** Longer lines of a stream are cut: a big tailnet's first line must not end it. */
const lineLimitBytes = 1024 * 1024;

/** tailscaled's LocalAPI over its socket, with connections kept alive. */
export class LocalApi {
  readonly #options: LocalApiOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32, maxFreeSockets: 8 });
  /** Of the questions that are not answered yet. */
  readonly #limits = new Set<AbortController>();
  #isClosed = false;

  constructor(options: LocalApiOptions) {
    this.#options = options;
  }

  /** The command line tool of this tailscaled, for remedies: `tailscale`, or with the flag that names its socket. */
  get cli(): string {
    const options = this.#options;
    return 'socket' in options ? tailscaleCli(options.socket) : 'tailscale';
  }

  /**
   * @param path with query, e.g. `/localapi/v0/status?peers=false`
   * @param options.limitBytes of the answer; default 4 MiB
   * @throws LocalApiError; never for an HTTP status
   */
  async get(
    path: string,
    options: { timeoutMs?: number; limitBytes?: number } = {},
  ): Promise<LocalApiAnswer> {
    const limitMs = options.timeoutMs ?? this.#options.timeoutMs ?? defaultTimeoutMs;
    const limit = this.#limit(path, limitMs);
    try {
      return await this.#attempt(path, this.#agent, limit.signal, options);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      // tailscaled closed the kept-alive connection meanwhile, answering nothing (RFC 9112 9.3.1): ask again anew
      return await this.#attempt(path, undefined, limit.signal, options);
    } finally {
      limit.done();
    }
  }

  /**
   * Changes something: one attempt on a connection of its own, as nobody knows whether a lost one had its effect.
   * tailscaled allows it to root, to its operator and to the user that it runs as; others get a 403.
   * @param body sent as JSON; none when undefined
   * @throws LocalApiError; never for an HTTP status
   */
  async change(
    method: 'POST' | 'PATCH',
    path: string,
    body?: unknown,
    options: { timeoutMs?: number; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<LocalApiAnswer> {
    const limitMs = options.timeoutMs ?? this.#options.timeoutMs ?? defaultTimeoutMs;
    const limit = this.#limit(path, limitMs);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const sent = { method, headers: options.headers, body: text };
    try {
      return await this.#attempt(path, undefined, limit.signal, { change: sent });
    } finally {
      limit.done();
    }
  }

  /**
   * Reads a stream of lines until it ends or `signal` aborts. Only its beginning has a time limit. A line of more
   * than 1 MiB is cut there.
   * @throws LocalApiError when it can't be opened or breaks
   */
  async stream(path: string, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const limit = this.#limit(path, this.#options.timeoutMs ?? defaultTimeoutMs);
    try {
      const response = await this.#send(path, undefined, AbortSignal.any([limit.signal, signal]));
      if (response.statusCode !== 200) {
        const text = await readText(response);
        throw unexpectedStatus(path, response.statusCode ?? 0, text);
      }
      limit.done();
      const lines = new LineSplitter(onLine, lineLimitBytes);
      for await (const chunk of response) lines.push(chunk);
    } catch (error) {
      if (!signal.aborted) throw this.#explain(error);
    } finally {
      limit.done();
    }
  }

  /** Closes the connections. Questions under way and later ones fail: a tailscaled that hangs must not keep the process alive. */
  close(): void {
    this.#isClosed = true;
    for (const limit of this.#limits) limit.abort(closed());
    this.#agent.destroy();
  }

  async #attempt(
    path: string,
    agent: Agent | undefined,
    signal: AbortSignal,
    { change, limitBytes }: { readonly change?: Change; readonly limitBytes?: number },
  ): Promise<LocalApiAnswer> {
    try {
      const response = await this.#send(path, agent, signal, change);
      const text = await readText(response, limitBytes);
      return { status: response.statusCode ?? 0, headers: response.headers, text };
    } catch (error) {
      if (error instanceof StaleConnection && !signal.aborted) throw error;
      throw this.#explain(signal.aborted ? signal.reason : error);
    }
  }

  /** Resolves with the answer's head. `signal` ends the answer's body, too. */
  #send(
    path: string,
    agent: Agent | undefined,
    signal: AbortSignal,
    change?: Change,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent = this.#request(path, agent, change);
    const abort = () => sent.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    sent.on('response', resolve);
    // stays for the life of the request: an error after the head would be an uncaught one
    sent.on('error', (error) => reject(isStale(sent, error) ? new StaleConnection() : error));
    sent.on('close', () => signal.removeEventListener('abort', abort));
    sent.end(change?.body);
    if (signal.aborted) abort();
    return promise;
  }

  #request(path: string, agent: Agent | undefined, change?: Change): ClientRequest {
    const options = this.#options;
    const where =
      'socket' in options
        ? { socketPath: options.socket }
        : { host: '127.0.0.1', port: options.port, auth: `:${options.token}` };
    // any other Host, and any Origin or Referer, is a 403
    const headers = { ...change?.headers, host: 'local-tailscaled.sock' };
    return request({ ...where, method: change?.method, path, agent: agent ?? false, headers });
  }

  #limit(path: string, limitMs: number): { signal: AbortSignal; done: () => void } {
    const controller = new AbortController();
    if (this.#isClosed) controller.abort(closed());
    this.#limits.add(controller);
    const timer = setTimeout(() => {
      const message = `tailscaled did not answer ${pathName(path)} within ${limitMs} ms: is it hung?`;
      controller.abort(new LocalApiError('timeout', message));
    }, limitMs);
    const done = () => {
      clearTimeout(timer);
      this.#limits.delete(controller);
    };
    return { signal: controller.signal, done };
  }

  #explain(cause: unknown): LocalApiError {
    if (cause instanceof LocalApiError) return cause;
    const options = this.#options;
    const place = 'socket' in options ? `socket ${options.socket}` : `port ${options.port}`;
    const [kind, message] = explainFailure(cause as NodeJS.ErrnoException, place);
    return new LocalApiError(kind, message, { cause });
  }
}

interface Change {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly body: string | undefined;
}

class StaleConnection extends Error {}

const closed = () => new LocalApiError('closed', 'tailscaled is asked nothing any more');

function isStale(sent: ClientRequest, error: NodeJS.ErrnoException): boolean {
  return sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

/** The error for a status that the question should not get. */
export function unexpectedStatus(path: string, status: number, text: string): LocalApiError {
  const reason = text.trim().split('\n', 1)[0]?.slice(0, 200) ?? '';
  const code = status === 403 ? 'forbidden' : 'status';
  const remedy = status === 403 ? ' (tailscaled does not allow it to our user)' : '';
  const message = `tailscaled answered ${pathName(path)} with ${status} ${reason}`.trimEnd();
  return new LocalApiError(code, message + remedy, { status });
}

/** Without the query, which names a peer's address. */
function pathName(path: string): string {
  return path.replace(/\?.*$/s, '').replace('/localapi/v0/', '');
}

async function readText(response: IncomingMessage, limitBytes = bodyLimitBytes): Promise<string> {
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of response) {
    received += chunk.length;
    // leaving the loop destroys the response and its connection
    if (received > limitBytes) {
      const message = `tailscaled's answer is larger than ${limitBytes} bytes`;
      throw new LocalApiError('nonsense', message);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
