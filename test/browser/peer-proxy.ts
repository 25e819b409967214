import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

export interface PeerProxy {
  /** For `openTab`'s `proxy`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Lends a browser another loopback address: a plain HTTP proxy whose connections begin at `localAddress`, e.g.
 * `127.0.0.2`. It adds no header, so the server sees a direct connection of that peer. Targets are loopback only.
 */
export async function startPeerProxy(localAddress: string): Promise<PeerProxy> {
  const server = createServer((incoming, answer) => {
    const { hostname, port, pathname, search } = new URL(incoming.url ?? '');
    const { 'proxy-connection': _, ...headers } = incoming.headers;
    const outgoing = request(
      {
        host: loopback(hostname),
        port: port || 80,
        path: pathname + search,
        method: incoming.method,
        headers,
        localAddress,
        agent: false,
      },
      (reply) => {
        answer.writeHead(reply.statusCode ?? 502, reply.rawHeaders);
        reply.pipe(answer);
      },
    );
    outgoing.on('error', () => answer.destroy());
    incoming.pipe(outgoing);
  });
  server.on('connect', (incoming, socket, head) => {
    const { hostname, port } = new URL(`http://${incoming.url}`);
    const target = connect({ host: loopback(hostname), port: Number(port || 80), localAddress });
    target.on('connect', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.write(head);
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function loopback(hostname: string): string {
  if (hostname === 'localhost' || /^127(?:\.\d+){3}$/u.test(hostname)) return hostname;
  throw new Error(`${hostname} is not loopback`);
}
