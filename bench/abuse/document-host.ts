import { once } from 'node:events';
import { createServer } from 'node:http';

/** Sites of loopback where every path is the document of a client. */
export async function openSites(
  ports: readonly number[],
  delayMs: number,
): Promise<AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  for (const port of ports) {
    const server = createServer((request, response) => {
      if (delayMs === Number.POSITIVE_INFINITY) return;
      setTimeout(() => {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(documentOf(`http://127.0.0.1:${port}${request.url}`));
      }, delayMs);
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    undo.defer(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
  }
  return undo.move();
}

const documentOf = (id: string): string =>
  JSON.stringify({
    client_id: id,
    client_name: 'Bench agent',
    redirect_uris: ['https://agent.test/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  });
