import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { messageOf } from '../store/files.ts';
import type { SqliteStore } from '../store/sqlite/sqlite.ts';
import { type RotationLimits, rotateAudit } from './rotate.ts';
import { type AuditSink, type SinkTarget, startAuditSink } from './sink.ts';

export interface KeeperParts {
  readonly store: SqliteStore;
  /** Of the store's database. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: RotationLimits;
  readonly sink: 'none' | SinkTarget;
}

export interface AuditKeeper {
  /** Hands everything that is committed to the sink, whose file is opened anew if it was moved away. */
  deliver(): Promise<void>;
  /** Signs the end, delivers it, and stops. */
  close(): Promise<void>;
}

const sealMs = 60_000;
const sealRecords = 1024;
const lookMs = 5_000;
const rotateMs = 3_600_000;

/**
 * Signs the end of the audit log: now, each minute in which something was written, every 1024 records, and when it
 * stops. Rotates it now and then, and feeds its sink.
 */
export function startAuditKeeper({
  store,
  path,
  clock,
  log,
  limits,
  sink: target,
}: KeeperParts): AuditKeeper {
  const sink: AuditSink | undefined =
    target === 'none' ? undefined : startAuditSink({ store, path, target, log });
  let sealedMs = Number.NEGATIVE_INFINITY;
  const seal = async (): Promise<void> => {
    const { failures } = store;
    try {
      if (store.auditUpkeep.seal()) sealedMs = performance.now();
      await store.committed(failures);
    } catch (error) {
      log.warn(`the end of the audit log stays unsigned for now: ${messageOf(error)}`);
    }
  };
  const look = (): void => {
    const unsealed = store.auditUpkeep.unsealed();
    const isTime = performance.now() - sealedMs >= sealMs;
    if (unsealed > 0 && (isTime || unsealed >= sealRecords)) void seal();
  };
  const ending = new AbortController();
  let rotating: Promise<void> | undefined;
  const rotate = (): void => {
    rotating ??= rotateAudit(store, path, limits, clock.nowSeconds(), ending.signal)
      .then(({ records, path: archive }) => {
        if (records > 0) log.info({ records, archive }, 'audit records left the database');
      })
      .catch((error) => {
        if (ending.signal.aborted) return;
        log.warn(`the audit log is not rotated for now: ${messageOf(error)}`);
      })
      .finally(() => {
        rotating = undefined;
      });
  };
  void seal();
  rotate();
  const timers = [setInterval(look, lookMs), setInterval(rotate, rotateMs)];
  for (const timer of timers) timer.unref();
  return {
    deliver: async () => sink?.deliver(),
    async close() {
      for (const timer of timers) clearInterval(timer);
      ending.abort();
      await rotating;
      await seal();
      await sink?.close();
    },
  };
}
