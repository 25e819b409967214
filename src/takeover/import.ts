import { hashChosen } from '../clients/secrets.ts';
import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';
import { type Existing, isKnown, type Plan, planImport } from './plan.ts';
import type { TsidpClient } from './registered-clients.ts';
import type { TsidpState } from './tsidp-state.ts';

export interface ImportOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Who asked for it, for the audit record. */
  readonly by: 'cli' | 'start';
}

/** argon2id takes 19 MiB each. */
const hashedAtOnce = 4;

/**
 * Takes over what is new, in one transaction: all of it, or nothing. A second import of the same files does nothing.
 * @returns what was done
 * @throws {TakeoverError | StoreError} nothing was changed then
 */
export async function importState(
  state: TsidpState,
  { store, clock, by }: ImportOptions,
): Promise<Plan> {
  const existing = await existingIn(store);
  const before = planImport(state, existing);
  if (isKnown(state, existing.imports)) return before;
  const verifiers = await hashSecrets(before);
  const { failures } = store;
  const at = clock.nowSeconds();
  // From here to the commit nothing may wait: the writes of one turn of the event loop are one transaction. The
  // first of them takes the database's lock, so a second import at the same time ends there.
  const isFirst = await store.imports.add({
    kind: 'files',
    name: state.digest,
    digest: state.digest,
    at,
  });
  const plan = planImport(state, await existingIn(store));
  if (isFirst) await writeAll(state, plan, { store, verifiers, at, by });
  await store.committed(failures);
  return plan;
}

export async function existingIn(store: Store): Promise<Existing> {
  return {
    imports: await store.imports.list(),
    clients: await store.clients.list(),
    keys: await store.keys.list(),
  };
}

interface Writing {
  readonly store: Store;
  readonly verifiers: ReadonlyMap<string, string>;
  readonly at: number;
  readonly by: string;
}

async function writeAll(
  { key, digest: filesDigest }: TsidpState,
  plan: Plan,
  { store, verifiers, at, by }: Writing,
): Promise<void> {
  const detail = { action: 'import', by, files: filesDigest };
  if (plan.key === 'new' && key) {
    const { kid, jwk } = key;
    const material = JSON.stringify(jwk);
    await store.keys.add({
      id: kid,
      purpose: 'signing',
      algorithm: 'RS256',
      material,
      createdAt: at,
    });
    await store.imports.add({ kind: 'key', name: kid, digest: filesDigest, at });
    store.audit.append({ at, event: 'key', detail: { ...detail, kid } });
  }
  for (const { client, fate } of plan.clients) {
    const secretVerifier = verifiers.get(client.id);
    if (fate !== 'new' || secretVerifier === undefined) continue;
    await saveClient(store, client, secretVerifier, at);
    store.audit.append({ at, event: 'client', client: client.id, detail });
  }
}

async function saveClient(
  store: Store,
  { id, metadata, options, createdAt, digest }: TsidpClient,
  secretVerifier: string,
  at: number,
): Promise<void> {
  await store.imports.add({ kind: 'client', name: id, digest, at });
  await store.clients.save({
    id,
    metadata,
    options,
    secretVerifier,
    source: 'import',
    createdAt: createdAt ?? at,
    updatedAt: at,
  });
}

/** The verifier of each new client's secret, by client ID. */
async function hashSecrets({ clients }: Plan): Promise<Map<string, string>> {
  const left = clients.filter(({ fate }) => fate === 'new').map(({ client }) => client);
  const verifiers = new Map<string, string>();
  while (left.length > 0) {
    const batch = left.splice(0, hashedAtOnce);
    const hashed = await Promise.all(batch.map(({ secret }) => hashChosen(secret)));
    for (const [index, { id }] of batch.entries()) verifiers.set(id, hashed[index] ?? '');
  }
  return verifiers;
}
