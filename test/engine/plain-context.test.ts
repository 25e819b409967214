import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import Koa, { type Middleware } from 'koa';
import compose from 'koa-compose';
import type { Provider } from 'oidc-provider';
import { expect, test } from 'vitest';
import { patchContext, plainContext } from '../../src/engine/plain-context.ts';
import { bareProvider } from './bare-provider.ts';

/** What oidc-provider's own member of the context is, after a request to its keys. */
async function memberAfter(
  change: (provider: Provider) => void,
): Promise<PropertyDescriptor | undefined> {
  const app = new Koa();
  const provider = bareProvider();
  change(provider);
  const run = compose(provider.middleware) as Middleware;
  let member: PropertyDescriptor | undefined;
  app.use(async (ctx) => {
    await run(ctx, async () => undefined);
    member = Object.getOwnPropertyDescriptor(ctx, 'oidc');
    expect(ctx['oidc'].route).toBe('jwks');
    expect(ctx.status).toBe(200);
  });
  await using server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/jwks`, { headers: { connection: 'close' } });
  expect(await answer.json()).toMatchObject({ keys: [{ alg: 'ES256' }] });
  return member;
}

test('oidc-provider’s getter becomes a plain member', async () => {
  // when this fails, oidc-provider has changed and the wrap can go
  expect(await memberAfter(() => undefined)).toHaveProperty('get');
  const plain = await memberAfter(patchContext);
  expect(plain).toHaveProperty('value');
  expect(plain?.value).toHaveProperty('entities');
});

test('other members are defined as they are asked for', () => {
  const target: Record<string, unknown> = {};
  const context = plainContext(target as never);
  Object.defineProperty(context, 'once', { value: 1 });
  Object.defineProperty(context, 'asked', { get: () => 2, configurable: true });
  Object.assign(context, { member: 3 });
  expect(Object.getOwnPropertyDescriptor(target, 'once')).toMatchObject({ writable: false });
  expect(Object.getOwnPropertyDescriptor(target, 'asked')).toHaveProperty('get');
  expect(target).toHaveProperty('member', 3);
  expect(() => Object.defineProperty(context, 'once', { value: 2 })).toThrow(TypeError);
});
