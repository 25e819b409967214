import type { Context } from 'koa';
import type { Provider } from 'oidc-provider';

/**
 * Gives oidc-provider the context of a request behind a proxy. It hangs itself on every context by a getter made for
 * it (`Object.defineProperty(ctx, 'oidc', { get })`, in `ensureOIDC`). That makes the context a slow object, and V8
 * keeps such getters, and with them everything of the request, until the next full garbage collection. Behind the
 * proxy the getter becomes a plain member.
 */
export function patchContext(provider: Provider): void {
  provider.middleware = provider.middleware.map(
    (run) => (ctx, next) => run(plainContext(ctx) as typeof ctx, next),
  );
}

export function plainContext(ctx: Context): Context {
  return new Proxy(ctx, { defineProperty });
}

function defineProperty(ctx: Context, name: string | symbol, descriptor: PropertyDescriptor) {
  if (name !== 'oidc' || !descriptor.get) return Reflect.defineProperty(ctx, name, descriptor);
  ctx['oidc'] = descriptor.get();
  return true;
}
