import type { ImportedItem, StoredClient, StoredKey } from '../store/store.ts';
import type { TsidpClient } from './registered-clients.ts';
import { TakeoverError } from './takeover-error.ts';
import type { TsidpState } from './tsidp-state.ts';

/** What of tsidp's is here already. */
export interface Existing {
  readonly imports: readonly ImportedItem[];
  readonly clients: readonly Pick<StoredClient, 'id'>[];
  readonly keys: readonly Pick<StoredKey, 'id' | 'material'>[];
}

export const nothingYet: Existing = { imports: [], clients: [], keys: [] };

/**
 * `new`: will be taken over. `known`: it was before, and is ours since then; `changed` if tsidp's file now says
 * something else. `removed`: it was, and was removed here. `taken`: another client has that ID.
 */
export type ClientFate = 'new' | 'known' | 'changed' | 'removed' | 'taken';

export interface Plan {
  readonly key: 'none' | 'new' | 'known';
  readonly clients: readonly { readonly client: TsidpClient; readonly fate: ClientFate }[];
}

/**
 * What an import will do. Pure. Nothing that is here is ever overwritten, and nothing that was removed comes back.
 * @throws {TakeoverError} when a different key has tsidp's `kid`
 */
export function planImport({ key, clients }: TsidpState, existing: Existing): Plan {
  const digests = new Map(
    existing.imports.flatMap(({ kind, name, digest }) =>
      kind === 'client' ? [[name, digest] as const] : [],
    ),
  );
  const ids = new Set(existing.clients.map(({ id }) => id));
  const fateOf = ({ id, digest }: TsidpClient): ClientFate => {
    const before = digests.get(id);
    if (before === undefined) return ids.has(id) ? 'taken' : 'new';
    if (!ids.has(id)) return 'removed';
    return before === digest ? 'known' : 'changed';
  };
  return {
    key: key === undefined ? 'none' : fateOfKey(key, existing),
    clients: clients.map((client) => ({ client, fate: fateOf(client) })),
  };
}

function fateOfKey(
  { kid, jwk }: NonNullable<TsidpState['key']>,
  { keys }: Existing,
): 'new' | 'known' {
  const stored = keys.find(({ id }) => id === kid);
  if (stored === undefined) return 'new';
  const { n } = JSON.parse(stored.material) as { n?: unknown };
  if (n === jwk.n) return 'known';
  throw new TakeoverError([
    `the database holds another key of the name ${kid}: apps could not tell the two apart. Nothing was taken over; import into a fresh state directory`,
  ]);
}

/** Were these very files imported before? */
export function isKnown({ digest }: TsidpState, imports: readonly ImportedItem[]): boolean {
  return imports.some(({ kind, name }) => kind === 'files' && name === digest);
}
