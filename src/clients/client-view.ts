import { carrierMethod, peerMethod } from '../access/peer-client.ts';
import type { ClientConfig } from '../config/client.ts';
import type { ClientMetadata } from '../protocol/client-metadata.ts';
import { withKnownKeys } from '../protocol/public-keys.ts';
import { showMembers } from '../store/client-members.ts';
import type { ClientSource, Registration, StoredClient } from '../store/store.ts';
import { clientFromConfig } from './client-metadata.ts';

/** A client as whoever administers sees it: everything but what its secret is checked against. */
export interface ClientView {
  readonly id: string;
  readonly source: ClientSource;
  /** `generated` by us, `chosen` by a person, `none`: it has another way to authenticate, or none. */
  readonly secret: 'generated' | 'chosen' | 'none';
  /** How it proves who it is: `secret`, `keys`, `tagged node tag:ci`, or `none` for a public client. */
  readonly authentication: string;
  /** The configuration file declares the same ID, and its declaration counts. */
  readonly shadowed: boolean;
  /** ISO 8601; null for those of the configuration file. */
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  readonly metadata: ClientMetadata;
  /** Of clients that registered themselves. */
  readonly registration?: RegistrationView;
}

/** Who registered a client, from where, and when it was last used: within a day, null for never. */
export interface RegistrationView
  extends Pick<Registration, 'login' | 'device' | 'address' | 'listener' | 'origin'> {
  readonly usedAt: string | null;
}

export function viewRegistration(registration: Registration): RegistrationView {
  const { login, device, address, listener, origin, usedAt } = registration;
  return {
    login,
    device,
    address,
    listener,
    origin,
    usedAt: usedAt === undefined ? null : toTime(usedAt),
  };
}

export function viewStored(client: StoredClient, shadowed = false): ClientView {
  const secret = secretKind(client.secretVerifier);
  return {
    id: client.id,
    source: client.source,
    secret,
    authentication: authenticationOf(client, secret),
    shadowed,
    createdAt: toTime(client.createdAt),
    updatedAt: toTime(client.updatedAt),
    metadata: shownMetadata(client),
  };
}

export function viewDeclared(client: ClientConfig): ClientView {
  const secret = client.secret === undefined ? 'none' : 'chosen';
  const declared = clientFromConfig(client);
  return {
    id: client.id,
    source: 'config',
    secret,
    authentication: authenticationOf(declared, secret),
    shadowed: false,
    createdAt: null,
    updatedAt: null,
    metadata: shownMetadata(declared),
  };
}

type Described = Pick<StoredClient, 'metadata' | 'options'>;

function authenticationOf(
  { metadata, options: { peer } }: Described,
  secret: ClientView['secret'],
): string {
  if (peer) return `tagged node ${'node' in peer ? peer.node : peer.tags.join(' or ')}`;
  if (secret !== 'none') return 'secret';
  return metadata['token_endpoint_auth_method'] === 'private_key_jwt' ? 'keys' : 'none';
}

/** By the name that the metadata documents publish, in place of what carries it in oidc-provider. */
function shownMetadata({ metadata: stored, options }: Described): ClientMetadata {
  const metadata = showMembers({ metadata: withKnownKeys(stored), options });
  if (metadata['token_endpoint_auth_method'] !== carrierMethod) return metadata;
  const { tls_client_auth_subject_dn: _, ...rest } = metadata;
  return { ...rest, token_endpoint_auth_method: peerMethod };
}

function toTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function secretKind(verifier: string | null): ClientView['secret'] {
  if (verifier === null) return 'none';
  return verifier.startsWith('hmac-sha256:') ? 'generated' : 'chosen';
}
