import { setTimeout as delay } from 'node:timers/promises';
import { type Fields, readJson, text } from './answer.ts';
import {
  type LocalApi,
  type LocalApiAnswer,
  LocalApiError,
  unexpectedStatus,
} from './local-api.ts';
import { type ServeEntry, withEntry, withoutEntry } from './serve-config.ts';

export interface ServeOptions {
  readonly api: Pick<LocalApi, 'get' | 'change' | 'stream' | 'cli'>;
  /** What is to be served now. */
  readonly entry: () => ServeEntry;
  /** Each time that tailscaled took the entry. */
  readonly onServed?: () => void;
  /** The entry is not there; it is tried again. Called once for each message. */
  readonly onTrouble: (error: Error) => void;
  /** How often the entry is looked after, as "tailscale serve reset" takes everybody's away; default 15 000. */
  readonly checkMs?: number;
  /** Pause after trouble, doubled up to `checkMs`; default 250. */
  readonly retryMs?: number;
}

export interface Served {
  /** Looks after the entry now: something about it has changed. */
  refresh(): void;
  /** Takes the entry away. Never throws. */
  close(): Promise<void>;
}

/** InitialState, with which the session's ID comes, and NoNetMap */
const busPath = '/localapi/v0/watch-ipn-bus?mask=8194';
const configPath = '/localapi/v0/serve-config';
/** Writes that somebody else's came before. */
const maxRaces = 8;
const startMs = 10_000;
const unnamed = 'tailscaled ended its stream of events before it began: it may be restarting';
const late = `tailscaled did not take our serve entry within ${startMs / 1000} seconds: is it hung?`;

/**
 * Keeps an entry in tailscaled's serve config, under the session of a bus stream: it ends with us, whatever ends us.
 * A new stream (tailscaled was restarted) gets a new entry.
 * @returns when the entry is there for the first time
 * @throws ServeConflict, LocalApiError when tailscaled does not take it at first
 */
export async function keepServed(options: ServeOptions): Promise<Served> {
  const keeper = new Keeper(options);
  await keeper.start();
  return { refresh: () => keeper.wake(), close: () => keeper.close() };
}

class Keeper {
  readonly #options: ServeOptions;
  readonly #checkMs: number;
  readonly #retryMs: number;
  readonly #closing = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  #session: string | undefined;
  #sleeping = new AbortController();
  #isStarted = false;
  #trouble = '';
  #isLeaving = false;
  #watching = Promise.resolve();
  #looking = Promise.resolve();

  constructor(options: ServeOptions) {
    this.#options = options;
    this.#checkMs = options.checkMs ?? 15_000;
    this.#retryMs = options.retryMs ?? 250;
  }

  async start(): Promise<void> {
    this.#watching = this.#watch();
    this.#looking = this.#look();
    const timer = setTimeout(() => this.#first.reject(new LocalApiError('timeout', late)), startMs);
    try {
      await this.#first.promise;
      this.#isStarted = true;
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  wake(): void {
    this.#sleeping.abort();
  }

  async close(): Promise<void> {
    // else it could put the entry back
    this.#isLeaving = true;
    this.wake();
    await this.#looking;
    const session = this.#session;
    // before the stream ends: tailscaled forgets the entry then, but does not say when it has
    if (session !== undefined) {
      await this.#write((config) => withoutEntry(config, session)).catch(() => undefined);
    }
    this.#closing.abort();
    await this.#watching;
  }

  /** Holds the stream whose session the entry lives under. */
  async #watch(): Promise<void> {
    const { api } = this.#options;
    const { signal } = this.#closing;
    let failures = 0;
    while (!signal.aborted) {
      const onLine = (line: string) => {
        if (this.#session !== undefined) return;
        this.#session = sessionOf(line);
        failures = 0;
        this.wake();
      };
      try {
        await api.stream(busPath, onLine, signal);
        if (this.#session === undefined) this.#tell(new LocalApiError('closed', unnamed));
      } catch (error) {
        this.#tell(error);
      }
      this.#session = undefined;
      await this.#pause(failures, signal);
      failures += 1;
    }
  }

  /** Puts the entry there and looks after it. */
  async #look(): Promise<void> {
    let failures = 0;
    while (!this.#isLeaving) {
      this.#sleeping = new AbortController();
      const { signal } = this.#sleeping;
      const isFine = await this.#ensure();
      if (isFine) failures = 0;
      await (isFine ? wait(this.#checkMs, signal) : this.#pause(failures, signal));
      failures += 1;
    }
  }

  async #ensure(): Promise<boolean> {
    const session = this.#session;
    // the stream wakes us when there is one
    if (session === undefined) return true;
    try {
      const { api, entry, onServed } = this.#options;
      const isNew = await this.#write((config) => withEntry(config, session, entry(), api.cli));
      if (isNew || this.#trouble !== '') onServed?.();
      this.#trouble = '';
      this.#first.resolve();
      return true;
    } catch (error) {
      this.#tell(error);
      return false;
    }
  }

  /** Reads, changes and writes the config, as often as another program's write comes in between. */
  async #write(change: (config: Fields) => Fields | undefined): Promise<boolean> {
    const { api } = this.#options;
    for (let races = 0; races < maxRaces; races += 1) {
      const { status, text: json, headers } = await api.get(configPath);
      if (status !== 200) throw unexpectedStatus(configPath, status, json);
      const next = change(json.trim() === 'null' ? {} : readJson(json));
      if (next === undefined) return false;
      const match = headers.etag === undefined ? {} : { 'If-Match': headers.etag };
      const answer = await api.change('POST', configPath, next, { headers: match });
      if (answer.status < 300) return true;
      if (answer.status !== 412) throw refusal(answer, api.cli);
    }
    throw new LocalApiError(
      'status',
      "Other programs change tailscaled's serve config again and again, so our entry could not be added.",
    );
  }

  /** To the caller of the start, or once to the log. */
  #tell(error: unknown): void {
    const trouble = error instanceof Error ? error : new Error('serve failed', { cause: error });
    this.#first.reject(trouble);
    if (!this.#isStarted || this.#isLeaving || trouble.message === this.#trouble) {
      return;
    }
    this.#trouble = trouble.message;
    this.#options.onTrouble(trouble);
  }

  #pause(failures: number, signal: AbortSignal): Promise<void> {
    return wait(Math.min(this.#retryMs * 2 ** failures, this.#checkMs), signal);
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
}

/** The stream's first line names its session. @throws LocalApiError `nonsense` */
function sessionOf(line: string): string {
  return text(readJson(line)['SessionID'], 'SessionID');
}

function refusal({ status, text: body }: LocalApiAnswer, cli: string): LocalApiError {
  const reason = body.trim().split('\n', 1)[0]?.slice(0, 300) ?? '';
  const message =
    status === 403
      ? `tailscaled does not let our user serve: run as root, or make it the operator with "${cli} set --operator=USER".`
      : `tailscaled refuses to serve (${status}): ${reason}`;
  return new LocalApiError(status === 403 ? 'forbidden' : 'status', message, { status });
}
