import type { IncomingMessage } from 'node:http';
import type { Access } from './access.ts';
import { AccessError } from './access-error.ts';
import { type ConnectMiddlewares, connectMiddlewares } from './connect.ts';
import { describeResource } from './document.ts';
import { createGuard, type Needs } from './guard.ts';
import { type KoaMiddlewares, koaMiddlewares } from './koa.ts';
import { checkOptions, type ResourceOptions } from './options.ts';
import type { RequestFacts } from './verify.ts';
import { type WebGuard, webGuard } from './web.ts';

/** The part of tsidp that an API or MCP server imports: it lets in who has an access token for it. */

export type { Access, Actor } from './access.ts';
export type { AccessErrorCode } from './access-error.ts';
export type { ConnectMiddleware, ConnectMiddlewares } from './connect.ts';
export type { Needs } from './guard.ts';
export type { IntrospectionCredentials } from './introspect.ts';
export type { Algorithm } from './jwt.ts';
export type { KoaContext, KoaMiddleware, KoaMiddlewares } from './koa.ts';
export type { IntrospectionOptions, ResourceOptions } from './options.ts';
export type { RequestFacts } from './verify.ts';
export type { WebGuard } from './web.ts';
export { AccessError };

export interface Resource {
  /** Where clients find the RFC 9728 document; refusals name it. */
  readonly metadataUrl: string;
  /** That document, for whoever serves it by other means. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly koa: KoaMiddlewares;
  /** Express, Connect, `node:http`. */
  readonly connect: ConnectMiddlewares;
  /** Fetch API. */
  readonly web: WebGuard;
  /**
   * For every other framework.
   * @throws AccessError
   */
  authenticate(request: RequestFacts, needs?: Needs): Promise<Access>;
  /**
   * Who sent a request that `protect` let through.
   * @throws Error when it did not see the request: an app must not go on without knowing
   */
  accessOf(request: IncomingMessage | Request): Access;
  /**
   * For scopes that only the request's body tells.
   * @throws AccessError insufficient_scope, whose challenge names what to ask for
   */
  requireScopes(access: Access, scopes: readonly string[]): void;
  /**
   * What a client should ask for to have `scopes`, with what it has already, so that nothing is lost (step-up).
   * Undefined: it has them.
   */
  scopesToAskFor(access: Access, scopes: readonly string[]): readonly string[] | undefined;
}

/**
 * Nothing is asked of the issuer before the first request, so the app starts without it; while it is away, what can't
 * be verified is answered with 503. Access tokens are JWTs (RFC 9068), or opaque ones where `introspection` is given.
 * Tokens bound to a key (DPoP, RFC 9449) are taken with their proof and never as Bearer.
 * @throws TypeError that names the option that is wrong
 */
export function createResource(options: ResourceOptions): Resource {
  const checked = checkOptions(options);
  const { issuer, resource, scopes, name, documentation } = checked;
  const document = describeResource({ issuer, resource, scopes, name, documentation });
  const guard = createGuard(checked, document.url);
  const accesses = new WeakMap<object, Access>();
  return {
    metadataUrl: document.url,
    metadata: document.content,
    koa: koaMiddlewares(guard, document, accesses),
    connect: connectMiddlewares(guard, document, accesses),
    web: webGuard(guard, document, accesses),
    authenticate: guard.authenticate,
    accessOf(request) {
      const access = accesses.get(request);
      if (!access) throw new Error('accessOf: the request did not pass through protect()');
      return access;
    },
    requireScopes: guard.requireScopes,
    scopesToAskFor: guard.scopesToAskFor,
  };
}
