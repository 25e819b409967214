import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import {
  hostHeaderValidation,
  type NodeIncomingMessageLike,
  originValidation,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import { type AuthInfo, createMcpHandler } from '@modelcontextprotocol/server';
import { type Access, createResource, type Resource } from '../../src/resource/resource.ts';
import { callLog } from './call-log.ts';
import { answerPreflight, showToPages } from './cors.ts';
import { scopes, toolsFor } from './tools.ts';

export interface McpServerOptions {
  /** As the provider spells it, e.g. `https://idp.example.ts.net`. */
  readonly issuer: string;
  /** The URL that clients are given; what tokens are for. */
  readonly url: string;
  readonly host: string;
  /** 0 takes a free one; then `url` is only a name. */
  readonly port: number;
  /** Whose files `read_file` reads. */
  readonly folder: string;
  /** A JSON line for each call of a tool. */
  readonly log: (line: string) => void;
  /** Let issuer and server be plain HTTP on a tailnet. */
  readonly plainHttp?: boolean;
}

export interface RunningMcpServer {
  readonly port: number;
  close(): Promise<void>;
}

const maxBodyBytes = 65_536;

/**
 * A Streamable HTTP MCP server whose callers need an access token of the provider, and for each tool its scope.
 * @throws when host and port can't be listened on, TypeError when a URL is none
 */
export async function startMcpServer(options: McpServerOptions): Promise<RunningMcpServer> {
  const resource = createResource({
    issuer: options.issuer,
    resource: options.url,
    name: 'Example MCP server',
    scopes,
    plainHttp: options.plainHttp ?? false,
  });
  const server = createServer({ requestTimeout: 30_000 }, listener(resource, options));
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  return { port, close: () => close(server) };
}

function listener(
  resource: Resource,
  { url, folder, log: write }: McpServerOptions,
): RequestListener {
  const { hostname, pathname } = new URL(url);
  const log = callLog(write);
  const mcp = createMcpHandler(({ authInfo }) =>
    toolsFor(authInfo?.extra?.['access'] as Access, { resource, folder, log }),
  );
  const answerMcp = toNodeHandler(mcp, { maxRequestBodySize: maxBodyBytes });
  const names = [hostname, 'localhost', '127.0.0.1', '[::1]'];
  const isOurHost = hostHeaderValidation(names);
  const isKnownOrigin = originValidation(names);
  // who has no token yet is told the scope to begin with; the other one comes when it is needed
  const protect = resource.connect.protect({ askFor: ['read_file'] });

  return (request, response) => {
    if (!isOurHost(request, response)) return;
    resource.connect.metadata(request, response, () => {
      if (request.url?.split('?')[0] !== pathname) {
        response.writeHead(404).end();
        return;
      }
      if (!isKnownOrigin(request, response)) return;
      showToPages(request, response);
      if (answerPreflight(request, response)) return;
      protect(request, response, (error) => {
        if (error) {
          response.writeHead(500).end();
          return;
        }
        const auth = authInfo(resource.accessOf(request), resource, url);
        void answerMcp(Object.assign(request, { auth }) as NodeIncomingMessageLike, response);
      });
    });
  };
}

/** What the SDK wants to know. It gets no token: a tool must never send it on to somebody else. */
function authInfo(access: Access, { metadataUrl }: Resource, url: string): AuthInfo {
  return {
    token: '',
    clientId: access.clientId,
    scopes: [...access.scopes],
    expiresAt: access.expiresAt,
    resource: new URL(url),
    resourceMetadataUrl: metadataUrl,
    extra: { access },
  };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
