import { type Store, StoreError } from '../store/store.ts';

/** Whether the database does what a login needs (T43). */
export interface StoreHealth {
  /** What is wrong; undefined when nothing is. A commit is tried once a second at most, however often it is asked. */
  problem(): Promise<string | undefined>;
  /** A request failed; what it says of the database counts for a while, as a commit alone does not read all of it. */
  observe(error: unknown): void;
}

/** So long an answer is good for everybody who asks. */
const probeMs = 1000;
/** So long the failure of a request is told. */
const failureMs = 30_000;

/** @param nowMs monotonic; default `performance.now` */
export function createStoreHealth(
  store: Pick<Store, 'probe' | 'committed' | 'failures'>,
  nowMs: () => number = () => performance.now(),
): StoreHealth {
  let failed: { readonly reason: string; readonly atMs: number } | undefined;
  let probed: { readonly answer: Promise<string | undefined>; readonly atMs: number } | undefined;

  const probe = async (): Promise<string | undefined> => {
    try {
      const { failures } = store;
      await store.probe();
      await store.committed(failures);
      return undefined;
    } catch (error) {
      return `the database can't be written: ${reasonOf(error) ?? 'it failed'}`;
    }
  };
  return {
    async problem() {
      const now = nowMs();
      if (!probed || now - probed.atMs >= probeMs) probed = { answer: probe(), atMs: now };
      const problem = await probed.answer;
      if (problem !== undefined) return problem;
      if (!failed || now - failed.atMs >= failureMs) return undefined;
      return `the database failed a request: ${failed.reason}`;
    },
    observe(error) {
      // what could not be written shows by itself when it is tried
      const reason = error instanceof StoreError ? undefined : reasonOf(error);
      if (reason !== undefined) failed = { reason, atMs: nowMs() };
    },
  };
}

/** SQLite's own words, e.g. `database or disk is full`, which name no path; undefined for what is not SQLite's. */
function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && error.code === 'ERR_SQLITE_ERROR') return error.message;
  return reasonOf(error.cause);
}
