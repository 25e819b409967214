import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { startMcpServer } from '../../examples/mcp-server/server.ts';
import { createAuthority, issue } from '../http/certificates.ts';
import { openSite } from '../outgoing/site.ts';
import { allowInPolicy } from '../world/allow.ts';
import { json } from '../world/document-site.ts';
import { until } from '../world/until.ts';
import { freePort, startWorld } from '../world/world.ts';
import { listenIn, type Wire } from './wire.ts';

/** Of access tokens. Short, because tests wait for their end. */
const ttlSeconds = 3;
/** `clockToleranceSeconds` of `createResource`: so long after its end a token is still taken. */
const toleranceSeconds = 5;

/** Until no access token that was given before is of any use. */
export async function tokensEnd({ wire }: ClientWorld): Promise<void> {
  const lifeMs = (ttlSeconds + toleranceSeconds) * 1000;
  const end = wire.issuedAt() + lifeMs;
  await until('the end of all tokens', () => Date.now() > end, lifeMs + 1000);
}

export interface ClientWorld extends AsyncDisposable {
  readonly issuer: string;
  /** Of the MCP server. */
  readonly url: string;
  /** What reached the daemon and the MCP server. */
  readonly wire: Wire;
  /** Whose calls of which tool by which client ended how: the log of the MCP server. */
  readonly calls: () => Record<'subject' | 'client' | 'tool' | 'outcome', string>[];
  /** Where the client with this redirect URI has its metadata document, on a host that the operator listed. */
  publish(redirectUri: string): string;
  /** The scopes of alice from now on. */
  allow(scopes: readonly string[]): void;
}

const authority = createAuthority();
// the daemon trusts what Node trusts; in this process that is this authority, too
setDefaultCACertificates([...getCACertificates(), authority.cert]);

const folder = new URL('../../examples/mcp-server/files', import.meta.url).pathname;

/** A tailnet where alice may register clients, the daemon, the example MCP server, a host of metadata documents. */
export async function startClientWorld(
  clients: readonly Record<string, unknown>[] = [],
): Promise<ClientWorld> {
  const documents = new Map<string, unknown>();
  const site = await openSite(
    (request, response) => {
      const document = documents.get(request.url ?? '');
      if (document) json(document)(request, response);
      else response.writeHead(404).end();
    },
    issue(authority, { names: ['127.0.0.1'] }),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/mcp`;
  const world = await startWorld({
    whoisCacheSeconds: 0,
    clients,
    metadataDocuments: { mode: 'allowed', allowedHosts: [new URL(site.origin).host] },
    resources: [
      {
        uri: url,
        scopes: { read_file: 'Read the files of the example', run_code: 'Run code' },
        ttlSeconds,
      },
    ],
  });
  const { issuer } = world;
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const server = await startMcpServer({ issuer, url, host: '127.0.0.1', port, folder, log });
  const wire = listenIn([port, Number(new URL(issuer).port)]);
  return {
    issuer,
    url,
    wire,
    calls: () => lines.map((line) => JSON.parse(line)),
    publish(redirectUri) {
      const path = `/client-${documents.size}.json`;
      documents.set(path, {
        client_id: site.origin + path,
        client_name: 'Example agent',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      });
      return site.origin + path;
    },
    allow: (scopes) =>
      allowInPolicy(world.simulator, [
        { src: ['alice@example.com'], allow_dcr: true, scopes: [{ resource: url, scopes }] },
      ]),
    async [Symbol.asyncDispose]() {
      wire[Symbol.dispose]();
      await server.close();
      await world[Symbol.asyncDispose]();
      await site[Symbol.asyncDispose]();
    },
  };
}
