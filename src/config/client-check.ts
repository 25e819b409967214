import type { PeerSelector } from './peer-schema.ts';

/** What one member of a declared app demands of another. */

export type Refuse = (member: string, message: string) => void;

export interface Credentials {
  readonly secret?: string | undefined;
  readonly secretFile?: string | undefined;
  readonly authMethod?: string | undefined;
  readonly jwks?: unknown;
  readonly jwksUri?: string | undefined;
  readonly peer?: PeerSelector | undefined;
  readonly requires?: unknown;
  readonly access?: unknown;
}

interface Grants extends Credentials {
  readonly redirectUris: readonly string[];
}

export const checkCredentials = (client: Credentials, refuse: Refuse): void => {
  const { secret, secretFile, authMethod, peer } = client;
  if (secret !== undefined && secretFile !== undefined) {
    refuse('secretFile', 'cannot be combined with "secret": remove one of the two');
  }
  if (authMethod === 'none' && hasSecret(client)) {
    refuse('authMethod', 'cannot be combined with a secret: remove the secret, or this line');
  }
  if (authMethod?.startsWith('client_secret_') && !hasSecret(client)) {
    refuse('authMethod', 'needs a secret: add "secretFile" or "secret"');
  }
  checkKeys(client, refuse);
  if (peer !== undefined && (hasSecret(client) || hasKeys(client) || authMethod !== undefined)) {
    refuse('peer', 'must be set without a secret or authMethod: the connection authenticates');
  }
  if (peer === undefined) return;
  // both are asked at logins, and a machine's token needs none: nobody must rely on them there
  for (const member of ['requires', 'access'] as const) {
    if (client[member] === undefined) continue;
    refuse(member, 'cannot be combined with "peer": name fewer nodes there, or limit "scopes"');
  }
};

const checkKeys = (client: Credentials, refuse: Refuse): void => {
  if (client.jwks !== undefined && client.jwksUri !== undefined) {
    refuse('jwksUri', 'cannot be combined with "jwks": remove one of the two');
  }
  if (client.authMethod === 'private_key_jwt' && !hasKeys(client)) {
    refuse('authMethod', 'needs keys: add "jwks" or "jwksUri"');
  }
  if (!hasKeys(client)) return;
  const member = client.jwks === undefined ? 'jwksUri' : 'jwks';
  if (hasSecret(client)) {
    refuse(member, 'cannot be combined with a secret: an app has one way to authenticate');
  }
  if ((client.authMethod ?? 'private_key_jwt') !== 'private_key_jwt') {
    refuse(member, 'must be set with authMethod "private_key_jwt", or without any');
  }
};

/** @param grants with their default */
export const checkGrantTypes = (
  client: Grants,
  grants: readonly string[],
  refuse: Refuse,
): void => {
  if (grants.every((grant) => grant === 'refresh_token')) {
    refuse('grantTypes', 'must include another one, as refresh tokens begin with a login');
  }
  if (isPublic(client) && grants.includes('client_credentials')) {
    refuse(
      'grantTypes',
      'must not include client_credentials without credentials: add "secretFile" or "peer"',
    );
  }
  if (grants.includes('authorization_code') && client.redirectUris.length === 0) {
    refuse('redirectUris', 'must be a list of 1 to 50 entries');
  }
};

const hasSecret = ({ secret, secretFile }: Credentials): boolean =>
  secret !== undefined || secretFile !== undefined;

export const hasKeys = ({ jwks, jwksUri }: Credentials): boolean =>
  jwks !== undefined || jwksUri !== undefined;

/** Has it nothing to authenticate with? */
export const isPublic = (client: Credentials): boolean =>
  !hasSecret(client) &&
  !hasKeys(client) &&
  (client.authMethod ?? 'none') === 'none' &&
  client.peer === undefined;
