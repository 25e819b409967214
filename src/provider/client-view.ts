import type { ClientConfig } from '../config/client.ts';
import type { ClientSource, Registration, StoredClient } from '../store/store.ts';
import { type ClientMetadata, clientFromConfig } from './client-metadata.ts';

/** A client as whoever administers sees it: everything but what its secret is checked against. */
export interface ClientView {
  readonly id: string;
  readonly source: ClientSource;
  /** `generated` by us, `chosen` by a person, `none` for a public client. */
  readonly secret: 'generated' | 'chosen' | 'none';
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
  return {
    id: client.id,
    source: client.source,
    secret: secretKind(client.secretVerifier),
    shadowed,
    createdAt: toTime(client.createdAt),
    updatedAt: toTime(client.updatedAt),
    metadata: client.metadata,
  };
}

export function viewDeclared(client: ClientConfig): ClientView {
  return {
    id: client.id,
    source: 'config',
    secret: client.secret === undefined ? 'none' : 'chosen',
    shadowed: false,
    createdAt: null,
    updatedAt: null,
    metadata: clientFromConfig(client),
  };
}

function toTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function secretKind(verifier: string | null): ClientView['secret'] {
  if (verifier === null) return 'none';
  return verifier.startsWith('hmac-sha256:') ? 'generated' : 'chosen';
}
