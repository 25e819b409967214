import type { ClientOptions } from '../config/client-options.ts';
import type { ConsentTable } from './consent-table.ts';
import type { DocumentTable } from './document-table.ts';
import type { FamilyTable } from './family-table.ts';

/** What the rest of the daemon knows of durable state. Every backend passes `test/store/contract.ts`. */
export interface Store {
  /**
   * oidc-provider's adapter for one of its models (`Grant`, `Session`, `AuthorizationCode`, …; not `Client`).
   * Values that are credentials are stored by SHA-256 digest. Writes return before they are durable:
   * await `committed()` before anything is answered.
   */
  adapter(model: string): ModelAdapter;
  readonly clients: ClientTable;
  readonly registrations: RegistrationTable;
  readonly consents: ConsentTable;
  readonly documents: DocumentTable;
  readonly audit: AuditTable;
  readonly families: FamilyTable;
  readonly keys: KeyTable;
  readonly imports: ImportTable;
  /** How many commits have failed since the start. Read it before a request's first write. */
  readonly failures: number;
  /**
   * Resolves when everything written so far is durable; rejects with a StoreError when it could not be made so.
   * @param failuresBefore `failures` as it was when the request began. Always give it where one request's writes may
   *   span several event-loop turns: else a lost earlier turn (disk full) goes unnoticed when a later one succeeds.
   */
  committed(failuresBefore?: number): Promise<void>;
  /**
   * Writes what a login writes, and takes it away again; await `committed()` after it.
   * @throws StoreError when a login could not be stored
   */
  probe(): Promise<void>;
  /** Deletes at most `limit` rows that expired before `nowSeconds`. Returns how many. */
  sweep(nowSeconds: number, limit: number): Promise<number>;
  close(): Promise<void>;
}

/** What became of something that is good once, when somebody came with it. A backend decides nothing by it. */
export type Redeemed =
  | { readonly outcome: 'redeemed' }
  /** Somebody was here before. `family`: whole name of the Grant that it was issued under; undefined: under none. */
  | { readonly outcome: 'replayed'; readonly family: string | undefined }
  | { readonly outcome: 'unknown' };

/** `used`: a mark of that name is there, or another has decided; nothing was written. */
export type Stored = 'stored' | 'used';

/** What oidc-provider's adapter stands on, with `payload` as oidc-provider gives it. Times in seconds. */
export interface ModelAdapter {
  upsert(id: string, payload: Record<string, unknown>, expiresIn?: number): Promise<Stored>;
  find(id: string): Promise<Record<string, unknown> | undefined>;
  findByUid(uid: string): Promise<Record<string, unknown> | undefined>;
  findByUserCode(userCode: string): Promise<Record<string, unknown> | undefined>;
  /** One of all that try at once, in any process, is told that it redeemed it. */
  consume(id: string): Promise<Redeemed>;
  /** Of a Grant: all that hangs on it is found no more. @returns whether it was there */
  destroy(id: string): Promise<boolean>;
}

/**
 * `admin`: somebody who may administer, over HTTP; `import`: tsidp; `dynamic`: the client itself, by registration;
 * `metadata-document`: the client itself, by the document that its ID names (never in the table); `machine`: nobody
 * registered it, it is a tagged node by itself (never in the table).
 */
export type ClientSource =
  | 'config'
  | 'cli'
  | 'admin'
  | 'import'
  | 'dynamic'
  | 'metadata-document'
  | 'machine';

export interface StoredClient {
  readonly id: string;
  /** RFC 7591 members, without any secret. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What we and operators say of it; never what it says of itself. */
  readonly options: ClientOptions;
  /** What a presented secret is checked against (`clients/secrets.ts`); null for a client without one. */
  readonly secretVerifier: string | null;
  readonly source: ClientSource;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface ClientTable {
  find(id: string): Promise<StoredClient | undefined>;
  /** All clients, oldest first. */
  list(): Promise<StoredClient[]>;
  /** What their ID tokens are signed with (`id_token_signed_response_alg`), each once. */
  idTokenAlgorithms(): Promise<readonly string[]>;
  /** Insert or replace. */
  save(client: StoredClient): Promise<void>;
  /** False when there was none. Its tokens are dead from then on: oidc-provider no longer finds their client. */
  remove(id: string): Promise<boolean>;
}

/** Who registered a client (RFC 7591), from where, and whether it was of use. */
export interface Registration {
  readonly clientId: string;
  /** Whose quota it counts for: a subject, or the network of somebody without one. */
  readonly peer: string;
  /** Undefined for somebody without an identity, who came over the public internet. */
  readonly subject: string | undefined;
  readonly login: string | undefined;
  /** StableID. */
  readonly device: string | undefined;
  /** Canonical address that it came from. */
  readonly address: string;
  readonly listener: string;
  /** Of the web page that asked for it, where one did. */
  readonly origin: string | undefined;
  readonly registeredAt: number;
  /** Of the last login or token, within a day; undefined: never. */
  readonly usedAt: number | undefined;
}

/** How many registrations there may be at once. */
export interface RegistrationQuota {
  /** Of this peer. */
  readonly perPeer: number;
  /** Of this peer, made by web pages in its browser. */
  readonly perPeerFromPages: number;
  /** Of all peers with an identity, or of all without one: whichever this one is. */
  readonly total: number;
}

export type Exceeded = keyof RegistrationQuota;

/** What is old enough to go; epoch seconds. */
export interface RegistrationAge {
  /** Never used, and registered before. */
  readonly unusedBefore: number;
  /** The same of peers without an identity. */
  readonly anonymousUnusedBefore: number;
  /** Last used before. */
  readonly idleBefore: number;
}

export interface RegistrationTable {
  /**
   * Stores a new client, if the quota has room for it: counted and written in one transaction, so that no number
   * of parallel requests exceeds it.
   * @returns the quota that was exceeded, when nothing was stored
   */
  add(
    client: StoredClient,
    registration: Registration,
    quota: RegistrationQuota,
  ): Promise<Exceeded | undefined>;
  find(clientId: string): Promise<Registration | undefined>;
  /** All, oldest first. */
  list(): Promise<Registration[]>;
  /** Notes that the client is in use, if the note that is there is more than a day old. */
  use(clientId: string, nowSeconds: number): Promise<void>;
  /** Client IDs of what may go, `limit` at most. Clients that an administrator approved stay. */
  expired(age: RegistrationAge, limit: number): Promise<string[]>;
}

/** How exact `usedAt` is. */
export const useResolutionSeconds = 86_400;

export const auditEvents = [
  ...(['login', 'device', 'denial', 'token', 'refresh', 'exchange'] as const),
  ...(['revocation', 'logout', 'client', 'consent', 'key', 'start'] as const),
] as const;
export type AuditEvent = (typeof auditEvents)[number];

/** One append-only line. Holds who, which device, client, scopes, reason, `jti`s; never a token or secret. */
export interface AuditRecord {
  readonly at: number;
  readonly event: AuditEvent;
  readonly subject?: string | undefined;
  readonly login?: string | undefined;
  /** StableID of the device. */
  readonly device?: string | undefined;
  readonly client?: string | undefined;
  readonly scope?: string | undefined;
  /** Why it was refused or revoked. */
  readonly reason?: string | undefined;
  /** Names of what was issued or ended; for opaque tokens a prefix of their digest. */
  readonly jti?: readonly string[] | undefined;
  /** Names of what it was made from: the tokens that were exchanged. */
  readonly parents?: readonly string[] | undefined;
  /** Subjects of those who act for `subject`, newest first (RFC 8693 4.1). */
  readonly actors?: readonly string[] | undefined;
  /** Resources that it is for (RFC 8707). */
  readonly resource?: readonly string[] | undefined;
  /** Name of the listener that the request came through. */
  readonly listener?: string | undefined;
  /** Anything else worth knowing, e.g. `{stale: true}`. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}

export interface AuditTable {
  /** Becomes durable together with the writes of the same event. */
  append(record: AuditRecord): void;
  /** Newest first. */
  list(limit: number): Promise<(AuditRecord & { readonly id: number })[]>;
}

export type KeyPurpose = 'signing' | 'cookie' | 'client-secret';

export interface StoredKey {
  /** JWT `kid` for signing keys, a name for the others. */
  readonly id: string;
  readonly purpose: KeyPurpose;
  /** `RS256`, `ES256`, `EdDSA`; `HMAC` for the others. */
  readonly algorithm: string;
  /** Private JWK as JSON for signing keys, base64url of 32 random bytes for the others. */
  readonly material: string;
  readonly createdAt: number;
}

export interface KeyTable {
  /** Oldest first. */
  list(): Promise<StoredKey[]>;
  add(key: StoredKey): Promise<void>;
}

/** Something that was taken over from other software. It is remembered for good, so that it is taken over once. */
export interface ImportedItem {
  /** `files`: the files as a whole, by their digest; `key` and `client`: what came out of them, by its ID. */
  readonly kind: 'files' | 'key' | 'client';
  readonly name: string;
  /** SHA-256 in hexadecimal of what was read. */
  readonly digest: string;
  readonly at: number;
}

export interface ImportTable {
  /** Oldest first. */
  list(): Promise<ImportedItem[]>;
  /** False when one of that kind and name is there; it stays as it is. */
  add(item: ImportedItem): Promise<boolean>;
}

/**
 * Trouble with stored state. At startup the message says what is wrong, that nothing was touched, and how to
 * recover; later it says that a write was lost (disk full), and the request that made it must fail.
 */
export class StoreError extends Error {
  override name = 'StoreError';
}
