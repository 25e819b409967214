import type { Context, Middleware } from 'koa';
import compose from 'koa-compose';
import type Provider from 'oidc-provider';

const composed = new WeakMap<Provider, Middleware>();

/** Lets oidc-provider answer a request inside our own Koa app, on the context as it is now. */
export async function runProvider(provider: Provider, ctx: Context): Promise<void> {
  let run = composed.get(provider);
  if (!run) {
    run = compose(provider.middleware) as Middleware;
    composed.set(provider, run);
  }
  await run(ctx, async () => undefined);
}
