import type { Context } from 'koa';
import type { RegistrationMode } from '../policy/decide-register.ts';
import type { ListenerKind, RouteKind } from './identify/entrance.ts';
import type { AppParts } from './parts.ts';

/**
 * Answers a request that may pass, with what the listener's app is made of. Each declares what of that it needs.
 * @throws errors.OIDCProviderError, which becomes a page or JSON by the kind of the route
 */
export type Handler = (ctx: Context, parts: AppParts) => Promise<void> | void;

/** One row of the exposure table. */
export interface Route {
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS')[];
  readonly kind: RouteKind;
  readonly listeners: readonly ListenerKind[];
  /** Who answers there. What oidc-provider answers is made by `byProvider`, or runs it itself. */
  readonly handler: Handler;
  /**
   * The connection itself is the credential here, so a web page of another origin must not borrow it: all nodes
   * under one tailnet name are same-site to each other, and only `same-origin` counts (T33).
   */
  readonly sameOriginOnly?: true;
  /** Only there where clients may register themselves; for Funnel only where everybody may. */
  readonly registration?: true;
}

/** Do clients that come through this listener find the registration endpoint? */
export function showsRegistration(listener: ListenerKind, mode: RegistrationMode): boolean {
  return listener === 'funnel' ? mode === 'public' : mode !== 'off';
}

/** As the `Allow` header has it (RFC 9110 10.2.1). */
export function allowOf(methods: Route['methods']): string {
  return methods.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])).join(', ');
}
