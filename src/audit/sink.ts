import { write } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Logger } from '../log.ts';
import { messageOf } from '../store/files.ts';
import { AuditReader } from '../store/sqlite/audit-reader.ts';
import { connectToRead } from '../store/sqlite/read-only.ts';
import type { SqliteStore } from '../store/sqlite/sqlite.ts';
import { auditLine, headLine } from './line.ts';

/** `stdout`, or an absolute path. */
export type SinkTarget = 'stdout' | { readonly file: string };

export interface SinkParts {
  readonly store: SqliteStore;
  /** Of the store's database. */
  readonly path: string;
  readonly target: SinkTarget;
  readonly log: Logger;
}

export interface AuditSink {
  /** Resolves when it has everything that is committed, or could not take it now. */
  deliver(): Promise<void>;
  close(): Promise<void>;
}

const intervalMs = 250;
/** Records read at a time; their lines are one write. */
const batch = 100;
const stdoutDescriptor = 1;

/**
 * Hands the committed records on as JSON lines, in their order, at the latest a moment after their commit. It reads
 * them back from the database over a connection of its own: so it never sees what was undone, has those of other
 * processes, goes on after a restart where it was, and holds up no login however slow the other side is. Whatever it
 * could not write it tries again; after a crash the last lines may come twice (their `id` tells).
 */
export function startAuditSink({ store, path, target, log }: SinkParts): AuditSink {
  const database = connectToRead(path);
  const name = target === 'stdout' ? target : `file:${target.file}`;
  const output = target === 'stdout' ? stdoutOutput() : fileOutput(target.file);
  const position = new Position(database, store, name);
  let complained = false;
  let closed = false;

  const pump = async (): Promise<void> => {
    try {
      for (;;) {
        const { text, missed, confirm } = position.next();
        if (text === '') break;
        await output.write(text);
        confirm();
        if (missed !== undefined) {
          log.error(`audit ${missed} were rotated away before ${name} could have them`);
        }
      }
      if (complained) log.info(`audit records reach ${name} again`);
      complained = false;
    } catch (error) {
      if (!complained) {
        log.error(
          `audit records do not reach ${name}: ${messageOf(error)}; they are in the database and follow later`,
        );
      }
      complained = true;
    }
  };
  let running: Promise<void> = Promise.resolve();
  const deliver = (): Promise<void> => {
    running = running.then(() => (closed ? undefined : pump()));
    return running;
  };
  let waiting = false;
  const timer = setInterval(() => {
    // a write that hangs is one write, not a queue of them
    if (waiting) return;
    waiting = true;
    void deliver().finally(() => {
      waiting = false;
    });
  }, intervalMs);
  timer.unref();
  return {
    deliver,
    async close() {
      if (!database.isOpen) return;
      clearInterval(timer);
      await store.committed().catch(() => undefined);
      await Promise.race([deliver(), patience()]);
      closed = true;
      await Promise.race([output.close(), patience()]);
      database.close();
    },
  };
}

/** A collector that reads no more must not keep the daemon from ending. */
function patience(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 2000).unref();
  return promise;
}

/** How far a sink is. A new one begins with what comes from now on. */
class Position {
  readonly #reader: AuditReader;
  readonly #store: SqliteStore;
  readonly #name: string;
  readonly #writer: string;
  readonly #first: number;
  #record: number;
  #head: number;

  constructor(database: DatabaseSync, store: SqliteStore, name: string) {
    this.#reader = new AuditReader(database);
    this.#store = store;
    this.#name = name;
    const { writer, first } = this.#reader.chain();
    this.#writer = writer;
    this.#first = first;
    const newest = this.#reader.last()?.id ?? 0;
    // a database that was restored has fewer records than its sink
    const delivered = store.auditUpkeep.delivered(name);
    this.#record = Math.min(delivered ?? newest, newest);
    // what comes before its first delivery must not be missed by a restart
    if (delivered === undefined) store.auditUpkeep.setDelivered(name, newest);
    this.#head = this.#reader.newestHead();
  }

  /**
   * The next lines, and what to do when they are written. A signature comes after the record that it signs. `missed`:
   * records that are no longer there.
   */
  next(): { text: string; missed: string | undefined; confirm: () => void } {
    const rows = this.#reader.after(this.#record, batch);
    const expected = this.#record + 1;
    const { id: first = expected } = rows[0] ?? {};
    const record = rows.at(-1)?.id ?? this.#record;
    const heads = rows.length < batch ? this.#reader.headsAfter(this.#head, this.#first) : [];
    const lines = [
      ...rows.map((row) => auditLine(row, this.#writer)),
      ...heads.map(({ head }) => headLine(head)),
    ];
    return {
      text: lines.map((line) => `${line}\n`).join(''),
      missed: first > expected ? `records ${expected} to ${first - 1}` : undefined,
      confirm: () => {
        if (record !== this.#record) this.#store.auditUpkeep.setDelivered(this.#name, record);
        this.#record = record;
        this.#head = heads.at(-1)?.id ?? this.#head;
      },
    };
  }
}

interface Output {
  /** All or nothing, as far as the other side lets us. */
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Appends; opened anew when the file was moved away, as log rotation does. */
function fileOutput(path: string): Output {
  let file: FileHandle | undefined;
  const isCurrent = async (handle: FileHandle): Promise<boolean> => {
    const [ours, named] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)]);
    return named?.ino === ours.ino && named.dev === ours.dev;
  };
  return {
    async write(text) {
      if (file && !(await isCurrent(file))) {
        await file.close();
        file = undefined;
      }
      file ??= await open(path, 'a', 0o600);
      const { size } = await file.stat();
      try {
        await file.appendFile(text);
      } catch (error) {
        // half a line must not stand before the next one
        await file.truncate(size).catch(() => undefined);
        throw error;
      }
    },
    async close() {
      await file?.close();
    },
  };
}

const writeTo = promisify(write);
const fullPipeMs = 50;

/** How many bytes a pipe took; 0 when it is full, after a while. */
async function writeSome(bytes: Uint8Array): Promise<number> {
  try {
    return (await writeTo(stdoutDescriptor, bytes)).bytesWritten;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    await pause(fullPipeMs);
    return 0;
  }
}

/** Line by line: what is shorter than a pipe's unit is never mixed with lines of the log. */
function stdoutOutput(): Output {
  return {
    async write(text) {
      for (const line of text.split(/(?<=\n)/u)) {
        let rest = Buffer.from(line);
        while (rest.length > 0) {
          rest = rest.subarray(await writeSome(rest));
        }
      }
    },
    async close() {
      // it is not ours to close
    },
  };
}
