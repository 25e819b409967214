import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { StoreError } from '../store.ts';

type Waiting = PromiseWithResolvers<void>;

/**
 * How many turns of the event loop write into one transaction. An idle loop goes through three in microseconds; a busy
 * one has heard from most of its connections by then, so fewer commits serve the same logins.
 */
const turns = 3;

/**
 * How often a locked database is tried again. SQLite's own pauses grow to 100 ms; a daemon that logs people in without
 * pause lets go of the lock for a fraction of one now and then, and a command that waited so missed it for seconds.
 */
const retryMs = 1;

/** SQLite's result code for a lock that another connection holds. */
const sqliteBusy = 5;

const sleeper = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Whose transaction is open, by file: another connection of this process could only wait until SQLite gives up. */
const writing = new Map<string, Transactions>();

/**
 * Joins all writes of a few turns of the event loop, whoever makes them, into one transaction: one fsync for many
 * requests. SQLite errors fail all of it, because some of them roll back by themselves and a later
 * statement would then commit alone; so nothing is ever half-written.
 */
export class Transactions {
  /** Successful commits since the start. */
  commits = 0;
  /** Transactions whose writes were lost. */
  failures = 0;
  #state: 'idle' | 'open' | 'failed' = 'idle';
  #failure: StoreError | undefined;
  #waiting: Waiting | undefined;
  readonly #path: string;
  /** Null for a database that no other connection can reach. */
  readonly #file: string | null;
  readonly #database: DatabaseSync;
  /** The connection's `timeout`. */
  readonly #patienceMs: number;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;

  constructor(database: DatabaseSync, path: string) {
    this.#path = path;
    this.#file = database.location();
    this.#database = database;
    this.#patienceMs = Number(database.prepare('PRAGMA busy_timeout').get()?.['timeout']);
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
  }

  /**
   * Runs a prepared statement inside the open transaction.
   * @returns how many rows it changed
   * @throws {StoreError} when SQLite failed; every write of its transaction is then undone
   */
  run(
    statement: StatementSync,
    ...values: SQLInputValue[] | [Record<string, SQLInputValue>]
  ): number {
    if (this.#state !== 'open') this.#open();
    try {
      return Number(statement.run(...(values as SQLInputValue[])).changes);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /**
   * Opens a transaction, if none is open. Until it ends no other process writes.
   * @throws {StoreError}
   */
  begin(): void {
    if (this.#state !== 'open') this.#open();
  }

  /**
   * Reads one row inside the open transaction.
   * @throws {StoreError} as `run`
   */
  get(statement: StatementSync, ...values: SQLInputValue[]): unknown {
    this.begin();
    try {
      return statement.get(...values);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /**
   * Resolves once the writes made so far are on disk.
   * @param failuresBefore `failures` as it was before the caller's first write. A caller that wrote in
   *   several turns must give it: an earlier transaction of its own may have been lost.
   */
  committed(failuresBefore: number = this.failures): Promise<void> {
    if (this.#failure && (this.#state === 'failed' || failuresBefore !== this.failures)) {
      return Promise.reject(this.#failure);
    }
    if (this.#state === 'idle') return Promise.resolve();
    this.#waiting ??= Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  /** Commits now what was written. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (this.#state === 'open') {
      try {
        this.#commit.run();
        this.commits += 1;
        this.#end('idle');
      } catch (error) {
        this.#fail(error);
      }
    }
    if (this.#state === 'failed') {
      this.#state = 'idle';
      waiting?.reject(this.#failure);
    } else {
      waiting?.resolve();
    }
  }

  #open(): void {
    if (this.#state === 'failed') throw this.#failure;
    this.#flushAfter(turns);
    if (this.#file !== null) writing.get(this.#file)?.flush();
    try {
      this.#lock();
      this.#state = 'open';
      if (this.#file !== null) writing.set(this.#file, this);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Begins a transaction, waiting for whoever has one as long as the connection may. Reads wait as SQLite does. */
  #lock(): void {
    const limitMs = performance.now() + this.#patienceMs;
    try {
      this.#database.exec('PRAGMA busy_timeout = 0');
      while (!this.#tryLock(limitMs)) Atomics.wait(sleeper, 0, 0, retryMs);
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${this.#patienceMs}`);
    }
  }

  #tryLock(limitMs: number): boolean {
    try {
      this.#begin.run();
      return true;
    } catch (error) {
      // the low byte: a log that another connection is just recovering is busy, too
      const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
      if (code !== sqliteBusy || performance.now() >= limitMs) throw error;
      return false;
    }
  }

  #flushAfter(left: number): void {
    // what failed is over at once: the next turn's writes have nothing to do with it
    setImmediate(() => {
      if (left > 1 && this.#state === 'open') this.#flushAfter(left - 1);
      else this.flush();
    });
  }

  #end(state: 'idle' | 'failed'): void {
    if (this.#state === 'open' && this.#file !== null) writing.delete(this.#file);
    this.#state = state;
  }

  #fail(cause: unknown): StoreError {
    this.#end('failed');
    this.failures += 1;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#failure = new StoreError(`cannot write to ${this.#path}: ${reason}; nothing was saved`, {
      cause,
    });
    const { isOpen } = this.#database;
    if (isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
    return this.#failure;
  }
}
