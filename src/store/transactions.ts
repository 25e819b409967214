import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { StoreError } from './store.ts';

type Waiting = PromiseWithResolvers<void>;

/**
 * Joins all writes of one turn of the event loop, whoever makes them, into one transaction: one fsync for many
 * requests. SQLite errors fail the whole turn, because some of them roll back by themselves and a later
 * statement would then commit alone; so nothing is ever half-written.
 */
export class Transactions {
  /** Successful commits since the start. */
  commits = 0;
  /** Turns whose writes were lost. */
  failures = 0;
  #state: 'idle' | 'open' | 'failed' = 'idle';
  #failure: StoreError | undefined;
  #waiting: Waiting | undefined;
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;

  constructor(database: DatabaseSync, path: string) {
    this.#path = path;
    this.#database = database;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
  }

  /**
   * Runs a prepared statement inside the turn's transaction.
   * @returns how many rows it changed
   * @throws {StoreError} when SQLite failed; every write of this turn is then undone
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
   * Opens the turn's transaction, if it is not open. Until it ends no other process writes.
   * @throws {StoreError}
   */
  begin(): void {
    if (this.#state !== 'open') this.#open();
  }

  /**
   * Reads one row inside the turn's transaction.
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
   * Resolves once the writes made so far in this turn are on disk.
   * @param failuresBefore `failures` as it was before the caller's first write. A caller that wrote in several
   *   turns must give it: an earlier turn of its own may have been lost.
   */
  committed(failuresBefore: number = this.failures): Promise<void> {
    if (this.#failure && (this.#state === 'failed' || failuresBefore !== this.failures)) {
      return Promise.reject(this.#failure);
    }
    if (this.#state === 'idle') return Promise.resolve();
    this.#waiting ??= Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  /** Commits now what the turn has written. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (this.#state === 'open') {
      try {
        this.#commit.run();
        this.commits += 1;
        this.#state = 'idle';
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
    setImmediate(() => this.flush());
    try {
      this.#begin.run();
      this.#state = 'open';
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #fail(cause: unknown): StoreError {
    this.#state = 'failed';
    this.failures += 1;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#failure = new StoreError(`cannot write to ${this.#path}: ${reason}; nothing was saved`, {
      cause,
    });
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    return this.#failure;
  }
}
