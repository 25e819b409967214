import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** A little issuer of access tokens on loopback, which tests can send away, rotate and let lie. */
export interface TestIssuer extends AsyncDisposable {
  readonly url: string;
  /** How often each path was asked for. */
  readonly asked: ReadonlyMap<string, number>;
  /** What the next answers are; undefined: the honest ones. */
  lies: { metadata?: object; keys?: unknown; introspection?: unknown };
  /** What introspection says of a token, and the `Authorization` header of the last question. */
  readonly known: Map<string, object>;
  lastAuthorization: string | undefined;
  /** Status of every answer. */
  status: number;
  /** An access token as the daemon would issue it, and the changes of a test. */
  token(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  /** A new key of this algorithm signs from now on. @returns its public part */
  rotate(alg?: string, options?: { keep?: boolean }): Promise<JWK>;
  away(): Promise<void>;
  back(): Promise<void>;
}

export const resourceUri = 'https://mcp.test/mcp';

/** Every test's tokens are good at this instant, epoch seconds. */
export const instant = 1_800_000_000;

export async function startIssuer(): Promise<TestIssuer> {
  const asked = new Map<string, number>();
  const known = new Map<string, object>();
  let published: JWK[] = [];
  let signing: { readonly key: CryptoKey; readonly alg: string; readonly kid: string };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  const issuer: TestIssuer = {
    url,
    asked,
    known,
    lies: {},
    lastAuthorization: undefined,
    status: 200,
    token: (claims = {}, header = {}) => {
      const { key, alg, kid } = signing;
      const usual = {
        iss: url,
        aud: resourceUri,
        sub: 'userid:1',
        client_id: 'inspector',
        scope: 'read_file',
        jti: crypto.randomUUID(),
        iat: instant - 10,
        exp: instant + 890,
      };
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header })
        .sign(key);
    },
    rotate: async (alg = 'ES256', { keep = true } = {}) => {
      const { publicKey, privateKey } = await generateKeyPair(alg);
      const jwk = { ...(await exportJWK(publicKey)), alg, use: 'sig', kid: crypto.randomUUID() };
      published = keep ? [...published, jwk] : [jwk];
      signing = { key: privateKey, alg, kid: jwk.kid };
      return jwk;
    },
    away: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    back: async () => {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await issuer.away();
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    asked.set(path, (asked.get(path) ?? 0) + 1);
    const body = await content(path, request);
    response.writeHead(body === undefined ? 404 : issuer.status, {
      'Content-Type': 'application/json',
    });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  async function content(path: string, request: IncomingMessage): Promise<unknown> {
    switch (path) {
      case '/.well-known/oauth-authorization-server':
        return {
          issuer: url,
          jwks_uri: `${url}/jwks`,
          introspection_endpoint: `${url}/introspect`,
          ...issuer.lies.metadata,
        };
      case '/jwks':
        return issuer.lies.keys ?? { keys: published };
      case '/introspect': {
        issuer.lastAuthorization = request.headers.authorization;
        const token = new URLSearchParams(await text(request)).get('token') ?? '';
        return issuer.lies.introspection ?? known.get(token) ?? { active: false };
      }
      default:
        return undefined;
    }
  }

  await issuer.rotate();
  return issuer;
}
