import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { PendingSignIn, SignedIn } from './sign-in.ts';

export interface Session {
  readonly id: string;
  /** By `state`: each tab that is on its way to the provider has one. */
  readonly pending: Map<string, PendingSignIn>;
  signedIn: SignedIn | undefined;
}

const maxPending = 8;

/** Browser sessions in memory: bounded, gone with the process. */
export class Sessions {
  readonly #sessions = new LRUCache<string, Session>({ max: 10_000, ttl: 8 * 3600 * 1000 });

  create(signedIn?: SignedIn): Session {
    const session: Session = {
      id: randomBytes(32).toString('base64url'),
      pending: new Map(),
      signedIn,
    };
    this.#sessions.set(session.id, session);
    return session;
  }

  find(id: string | undefined): Session | undefined {
    return id === undefined ? undefined : this.#sessions.get(id);
  }

  end(session: Session): void {
    this.#sessions.delete(session.id);
  }
}

/** Remembers an attempt; the oldest gives way when a browser begins many and finishes none. */
export function remember(session: Session, pending: PendingSignIn): void {
  const oldest = session.pending.keys().next().value;
  if (session.pending.size >= maxPending && oldest !== undefined) session.pending.delete(oldest);
  session.pending.set(pending.state, pending);
}

/** An attempt can be finished once. */
export function take(session: Session | undefined, state: string): PendingSignIn | undefined {
  const pending = session?.pending.get(state);
  session?.pending.delete(state);
  return pending;
}
