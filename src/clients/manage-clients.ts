import { cameByItself } from '../access/self-registered.ts';
import type { Clock } from '../clock.ts';
import { type ClientConfig, toClient } from '../config/client.ts';
import { checkChosenSecret, clientSchema } from '../config/client-schema.ts';
import type { Endings } from '../endings/ending.ts';
import { schemaProblems } from '../schema/problems.ts';
import type { ConsentTable } from '../store/consent-table.ts';
import type {
  AuditRecord,
  AuditTable,
  ClientTable,
  Registration,
  RegistrationTable,
  StoredClient,
} from '../store/store.ts';
import { clientFromConfig } from './client-metadata.ts';
import { ClientProblem } from './client-problem.ts';
import { endTrust, isApproved, whatEnded } from './client-trust.ts';
import { type ClientView, viewDeclared, viewRegistration, viewStored } from './client-view.ts';
import { type Mark, markClient } from './mark-clients.ts';
import { reservedText } from './reserved-ids.ts';
import { generateSecret, hashChosen, hashGenerated } from './secrets.ts';

/** A checked declaration, ready to be added. */
export interface DeclaredClient {
  readonly client: ClientConfig;
  /** We made its secret, and show it once. */
  readonly isGenerated: boolean;
}

/** Whoever changes clients, as the audit record names them. */
export interface Changer {
  readonly source: 'cli' | 'admin';
  readonly record: Pick<AuditRecord, 'subject' | 'login' | 'device' | 'detail'>;
}

export interface AddedClient {
  readonly client: ClientView;
  /** Undefined for a secret that its owner chose, and for a public client. */
  readonly secret: string | undefined;
}

/**
 * The one way to look at and change clients: for the command line, by the running daemon or beside it, for tsidp's
 * HTTP interface and for the pages. Changes are durable once the store has committed.
 * Every function that names a client throws `ClientProblem`.
 */
export interface ClientManager {
  /** Those of the configuration file first. */
  list(): Promise<ClientView[]>;
  /** The configuration file's declaration is the one that counts. */
  find(id: string): Promise<ClientView>;
  add(declared: DeclaredClient, by: Changer): Promise<AddedClient>;
  /** Changes name and redirect URIs; everything else stays, but for an approval and what people allowed. */
  edit(id: string, change: ClientEdit, by: Changer): Promise<ClientView>;
  /**
   * Ends an approval and what people allowed, as every change of who a client is.
   * @returns the new secret, if we made it
   */
  rotateSecret(id: string, chosen: string | undefined, by: Changer): Promise<string | undefined>;
  /** Approves, quarantines or releases a client that came by itself. */
  mark(id: string, mark: Mark, by: Changer): Promise<ClientView>;
  /** @returns what was removed */
  remove(id: string, by: Changer): Promise<ClientView>;
}

/** Unchecked. */
export interface ClientEdit {
  readonly name: unknown;
  readonly redirectUris: unknown;
}

export interface ManagerParts {
  /** Of the configuration file. */
  readonly declared: readonly ClientConfig[];
  readonly clients: Omit<ClientTable, 'remove'>;
  readonly endings: Endings;
  readonly registrations: Pick<RegistrationTable, 'find' | 'list'>;
  readonly consents: Pick<ConsentTable, 'forget'>;
  readonly audit: AuditTable;
  readonly clock: Clock;
  /** The stored key of purpose `client-secret`. */
  readonly secretKey: () => Promise<Buffer>;
  /** IDs that no client may have (`reserved-ids.ts`). */
  readonly isReserved?: (id: string) => boolean;
  /** Drops what is remembered of a client's secret. */
  readonly forget: (id: string) => void;
}

/**
 * Checks a declaration as the configuration file may hold it, but that its secret is no file.
 * @param generate makes its secret
 * @throws ClientProblem `invalid`, with everything that is wrong
 */
export function declareClient(declaration: unknown, generate: boolean): DeclaredClient {
  const secret = generate ? { secret: generateSecret() } : {};
  const isObject = typeof declaration === 'object' && declaration !== null;
  const given = isObject ? { ...declaration, ...secret } : declaration;
  if (isObject && 'secretFile' in declaration) {
    const text = 'is for the configuration file: give the secret itself';
    throw new ClientProblem('invalid', '', [{ path: ['secretFile'], text }]);
  }
  const parsed = clientSchema.safeParse(given);
  if (!parsed.success) throw new ClientProblem('invalid', '', schemaProblems(parsed.error));
  return { client: toClient(parsed.data, undefined), isGenerated: generate };
}

export function createClientManager(parts: ManagerParts): ClientManager {
  const { clients, clock } = parts;
  const declared = new Map(parts.declared.map((client) => [client.id, client]));
  const record = (
    id: string,
    action: string,
    { record: { detail, ...who } }: Changer,
    ended: object = {},
  ): void => {
    const at = clock.nowSeconds();
    const more = { ...detail, action, ...ended };
    parts.audit.append({ at, event: 'client', ...who, client: id, detail: more });
  };
  const changeable = async (id: string): Promise<StoredClient> => {
    if (declared.has(id)) throw new ClientProblem('declared', id);
    const client = await clients.find(id);
    if (!client) throw new ClientProblem('not-found', id);
    return client;
  };
  const save = async (client: StoredClient, action: string, by: Changer): Promise<ClientView> => {
    await clients.save(client);
    record(client.id, action, by);
    return viewStored(client);
  };
  const change = async (
    before: StoredClient,
    members: Partial<Pick<StoredClient, 'metadata' | 'secretVerifier'>>,
    action: string,
    by: Changer,
  ): Promise<ClientView> => {
    const after = { ...before, ...members, updatedAt: clock.nowSeconds() };
    if (!cameByItself(before)) return save(after, action, by);
    const { id } = before;
    const { client, isOther } = endTrust(before, after);
    await clients.save(client);
    const ended = isOther ? whatEnded(isApproved(before), await parts.consents.forget(id)) : {};
    record(id, action, by, ended);
    return viewStored(client);
  };

  return {
    async list() {
      const [stored, registered] = [await clients.list(), await parts.registrations.list()];
      const registrations = new Map(registered.map((one) => [one.clientId, one]));
      return [
        ...parts.declared.map(viewDeclared),
        ...stored.map((client) =>
          withRegistration(
            viewStored(client, declared.has(client.id)),
            registrations.get(client.id),
          ),
        ),
      ];
    },
    async find(id) {
      const own = declared.get(id);
      if (own) return viewDeclared(own);
      const view = viewStored(await changeable(id));
      return withRegistration(view, await parts.registrations.find(id));
    },
    async add({ client, isGenerated }, by) {
      const { id, secret } = client;
      if (declared.has(id)) throw new ClientProblem('declared', id);
      if (parts.isReserved?.(id)) {
        throw new ClientProblem('invalid', id, [{ path: ['id'], text: reservedText }]);
      }
      const verifier = await verifierOf(secret, isGenerated, parts);
      if (await clients.find(id)) throw new ClientProblem('taken', id);
      const at = clock.nowSeconds();
      const times = { createdAt: at, updatedAt: at };
      const made = {
        ...clientFromConfig(client),
        secretVerifier: verifier,
        source: by.source,
        ...times,
      };
      return {
        client: await save(made, 'add', by),
        secret: isGenerated ? secret : undefined,
      };
    },
    async edit(id, { name, redirectUris }, by) {
      const client = await changeable(id);
      const metadata = { ...client.metadata, ...editedMetadata(client, name, redirectUris) };
      return change(client, { metadata }, 'edit', by);
    },
    async rotateSecret(id, chosen, by) {
      const reason = chosen === undefined ? undefined : checkChosenSecret(chosen);
      if (reason) throw new ClientProblem('invalid', '', [{ path: ['secret'], text: reason }]);
      const isGenerated = chosen === undefined;
      const secret = chosen ?? generateSecret();
      const before = await changeable(id);
      if (before.secretVerifier === null) throw new ClientProblem('public', id);
      const secretVerifier = await verifierOf(secret, isGenerated, parts);
      // the hash took its time: whoever removed the client meanwhile must not see it come back
      await change(await changeable(id), { secretVerifier }, 'rotate-secret', by);
      parts.forget(id);
      return isGenerated ? secret : undefined;
    },
    async mark(id, mark, by) {
      return save(markClient(await changeable(id), mark, clock.nowSeconds()), mark, by);
    },
    async remove(id, by) {
      const client = await changeable(id);
      const { detail, ...who } = by.record;
      const record = { ...who, detail: { ...detail, action: 'remove' } };
      const what = { kind: 'client', id } as const;
      const ended = await parts.endings.end({ what, why: 'client-removed', record });
      if (ended.length === 0) throw new ClientProblem('not-found', id);
      return viewStored(client);
    },
  };
}

/** @throws ClientProblem */
function editedMetadata({ metadata }: StoredClient, name: unknown, uris: unknown) {
  const hadNone = [metadata['redirect_uris'] ?? []].flat().length === 0;
  // an app that never had any may go on without: nobody is sent back to it
  const none = hadNone && Array.isArray(uris) && uris.length === 0;
  const redirectUris = none ? ['https://none.invalid/'] : uris;
  const { client } = declareClient({ id: 'edited', name, redirectUris }, false);
  return { client_name: client.name, redirect_uris: none ? [] : client.redirectUris };
}

function withRegistration(view: ClientView, registration: Registration | undefined): ClientView {
  return registration ? { ...view, registration: viewRegistration(registration) } : view;
}

/** What is kept of a secret; the secret itself is not. */
async function verifierOf(
  secret: string | undefined,
  isGenerated: boolean,
  { secretKey }: ManagerParts,
): Promise<string | null> {
  if (secret === undefined) return null;
  return isGenerated ? hashGenerated(secret, await secretKey()) : hashChosen(secret);
}
