import { type App, startApp } from '../../examples/web-app/app.ts';
import { freePort, startWorld, type World } from '../world/world.ts';

export interface DemoApp extends AsyncDisposable {
  readonly world: World;
  readonly app: App;
}

/** The example web app, at a daemon that knows it. */
export async function startDemoApp(): Promise<DemoApp> {
  await using undo = new AsyncDisposableStack();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const client = { id: 'demo', secret: 'a-secret-of-the-demo-that-is-long-enough' };
  const registered = {
    ...client,
    name: 'Demo app',
    redirectUris: [`${url}/callback`],
    postLogoutRedirectUris: [`${url}/signed-out`],
  };
  const world = undo.use(await startWorld({ clients: [registered] }));
  const app = await startApp({
    issuer: world.issuer,
    clientId: client.id,
    clientSecret: client.secret,
    host: '127.0.0.1',
    port,
  });
  undo.defer(() => app.close());
  const everything = undo.move();
  return { world, app, [Symbol.asyncDispose]: () => everything.disposeAsync() };
}
