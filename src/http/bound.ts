import type { SecureContextOptions } from 'node:tls';
import type { Logger } from '../log.ts';
import { ListenError, type Listening } from './listeners.ts';

/** One listener on several addresses, which may change while it runs. */
export interface Bound {
  /** Where it listens now. */
  urls(): readonly string[];
  /** Binds the addresses that are new, closes those that are gone; resolves when that is done. Never throws. */
  move(addresses: readonly string[]): Promise<void>;
  setCertificate(tls: SecureContextOptions): void;
  close(timeoutMs: number): Promise<void>;
}

export interface BoundOptions {
  readonly addresses: readonly string[];
  readonly bind: (address: string) => Promise<Listening>;
  /** For requests under way at an address that goes. */
  readonly drainMs: number;
  readonly log: Logger;
  /** Until an address that could not be bound is tried again; default 2000. */
  readonly retryMs?: number;
}

/**
 * Binds every address. One that the machine does not have (yet: tailscaled tells of an address before it gives it to
 * its interface; or at all: where IPv6 is off) is tried again and again, as long as another one could be bound.
 * @throws ListenError
 */
export async function bindAll(options: BoundOptions): Promise<Bound> {
  const { bind, drainMs, log, retryMs = 2000 } = options;
  const bound = new Map<string, Listening>();
  const told = new Set<string>();
  let wanted: readonly string[] = options.addresses;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const tryAll = async (isRetried: boolean): Promise<ListenError[]> => {
    const failures: ListenError[] = [];
    for (const address of wanted.filter((one) => !bound.has(one))) {
      try {
        bound.set(address, await bind(address));
        told.delete(address);
      } catch (error) {
        if (!(error instanceof ListenError)) throw error;
        failures.push(error);
        if (isRetried && !closed && !told.has(address)) {
          log.warn(`${error.message} It is tried again.`);
          told.add(address);
        }
      }
    }
    return failures;
  };
  const closeGone = async (): Promise<void> => {
    const gone = [...bound].filter(([address]) => !wanted.includes(address));
    for (const [address] of gone) bound.delete(address);
    await Promise.all(gone.map(([, listening]) => listening.close(drainMs)));
  };
  const settle = async (): Promise<void> => {
    clearTimeout(timer);
    if (closed) return;
    const failures = await tryAll(true);
    // only now, so that we are somewhere at every moment
    await closeGone();
    if (failures.length > 0) retryLater();
  };
  const retryLater = (): void => {
    if (closed) return;
    timer = setTimeout(() => void queueSettle(), retryMs);
    timer.unref();
  };
  // one after another: two at once would bind an address twice
  let last: Promise<void> = Promise.resolve();
  const queueSettle = (): Promise<void> => {
    last = last.then(settle).catch((error) => log.error({ err: error }, 'addresses not bound'));
    return last;
  };

  // nothing is told yet: whatever else fails at the start ends us, and then nothing is tried again
  const failures = await tryAll(false);
  const fatal =
    bound.size === 0 ? failures[0] : failures.find(({ code }) => code !== 'EADDRNOTAVAIL');
  if (fatal) {
    await Promise.all([...bound.values()].map((one) => one.close(0)));
    throw fatal;
  }
  if (failures.length > 0) retryLater();
  return {
    urls: () => [...bound.values()].map(({ url }) => url),
    move(addresses) {
      wanted = addresses;
      return queueSettle();
    },
    setCertificate(tls) {
      for (const one of bound.values()) one.setCertificate(tls);
    },
    async close(timeoutMs) {
      closed = true;
      clearTimeout(timer);
      await last;
      await Promise.all([...bound.values()].map((one) => one.close(timeoutMs)));
    },
  };
}
