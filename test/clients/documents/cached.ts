import { createDocumentCache } from '../../../src/clients/documents/document-cache.ts';
import type { OutgoingFetch } from '../../../src/outgoing/fetch.ts';
import { openSqlite, type SqliteStore } from '../../../src/store/sqlite/sqlite.ts';

/** The document that is asked for where a test names no other. */
export const url = 'https://agent.example/client.json';

export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly document?: Record<string, unknown> | string;
}

/** A cache over a store of its own, a clock that stands still, and a host that answers as it is told. */
export function setUp(store?: SqliteStore) {
  let now = 1_800_000_000;
  const clock = { nowSeconds: () => now };
  const opened = store ?? openSqlite({ path: ':memory:', clock });
  const asked: Record<string, string>[] = [];
  const introduced: string[] = [];
  const changes: (readonly [unknown, unknown])[] = [];
  let reply: () => Promise<Reply> = async () => ({});
  const fetch: OutgoingFetch = async (asks, options) => {
    asked.push({ ...options?.headers });
    const { status = 200, headers = {}, document = {} } = await reply();
    const text =
      typeof document === 'string'
        ? document
        : JSON.stringify({ client_id: asks, redirect_uris: ['https://a.example/'], ...document });
    return { status, headers, body: Buffer.from(status === 304 ? '' : text) };
  };
  const cache = createDocumentCache({ fetch, documents: opened.documents, clock });
  return {
    store: opened,
    asked,
    introduced,
    changes,
    pass: (seconds: number) => {
      now += seconds;
    },
    answer: (next: Reply | (() => Promise<Reply>)) => {
      reply = typeof next === 'function' ? next : async () => next;
    },
    find: (id = url, first = async () => void introduced.push(id)) =>
      cache.find(id, {
        first,
        broughtBy: () => undefined,
        changed: async (client, wasKnown) => {
          changes.push([wasKnown, client.metadata['redirect_uris']]);
        },
      }),
  };
}
