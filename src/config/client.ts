import { grantTypesOf } from './client-schema.ts';
import type { FileConfig } from './schema.ts';

/** One app as the configuration declares it, with its defaults. */
export interface ClientConfig {
  readonly id: string;
  readonly name: string;
  /** Undefined for a public client. */
  readonly secret: string | undefined;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly authMethod: FileConfig['clients'][number]['authMethod'];
  /** Public keys of an app that signs assertions, or where they are. */
  readonly jwks: FileConfig['clients'][number]['jwks'];
  readonly jwksUri: string | undefined;
  /** Undefined: public clients called back on the device itself confirm, others follow `Config.login`. */
  readonly login: FileConfig['login'] | undefined;
  /** The only scopes it may get; undefined: all. */
  readonly scopes: readonly string[] | undefined;
  readonly idTokenAlgorithm: 'RS256' | 'ES256' | 'EdDSA';
  readonly grantTypes: ReturnType<typeof grantTypesOf>;
  /** The tagged nodes that it is; undefined: it authenticates in another way. */
  readonly mayAct: FileConfig['clients'][number]['mayAct'];
  readonly peer: FileConfig['clients'][number]['peer'];
  /** CORS origins beside those of its redirect URIs. */
  readonly allowedOrigins: readonly string[];
  readonly lifetimes: ClientLifetimes | undefined;
  /** Undefined: as `Config.access` says. */
  readonly access: 'open' | 'granted' | undefined;
  readonly requires: FileConfig['clients'][number]['requires'];
  readonly claims: FileConfig['clients'][number]['claims'];
}

export interface ClientLifetimes {
  readonly accessTokenSeconds?: number | undefined;
  readonly idTokenSeconds?: number | undefined;
  readonly refreshIdleSeconds?: number | undefined;
  readonly refreshAbsoluteSeconds?: number | undefined;
  readonly refreshGraceSeconds?: number | undefined;
}

/** A declared client with its defaults; `secretOfFile` is what its `secretFile` holds. */
export const toClient = (
  client: FileConfig['clients'][number],
  secretOfFile: string | undefined,
): ClientConfig => ({
  id: client.id,
  name: client.name ?? client.id,
  secret: client.secret ?? secretOfFile,
  redirectUris: client.redirectUris,
  postLogoutRedirectUris: client.postLogoutRedirectUris,
  authMethod: client.authMethod,
  jwks: client.jwks,
  jwksUri: client.jwksUri,
  login: client.login,
  scopes: client.scopes,
  idTokenAlgorithm: client.idTokenAlgorithm,
  grantTypes: grantTypesOf(client),
  peer: client.peer,
  mayAct: client.mayAct,
  allowedOrigins: client.allowedOrigins,
  lifetimes: client.lifetimes,
  access: client.access,
  requires: client.requires,
  claims: client.claims,
});
