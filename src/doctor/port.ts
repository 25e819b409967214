import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createServer, isIP } from 'node:net';
import { type Finding, ok, problem, warning } from './finding.ts';

export interface PortQuestion {
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  readonly issuer: string;
}

const timeoutMs = 3000;
const limitBytes = 256 * 1024;

/** Does the daemon listen there, could it, or does something else? */
export async function portFinding(question: PortQuestion): Promise<Finding> {
  const { address, port, issuer } = question;
  const where = `${address} port ${port}`;
  const code = await bindError(address, port);
  if (code === undefined) {
    return warning('port', `${where} is free: the daemon is not running`, 'start it');
  }
  if (code !== 'EADDRINUSE') {
    const remedy = remedies[code] ?? 'look at the network of this machine';
    return problem('port', `${where} can't be listened on (${code})`, remedy);
  }
  const answered = await issuerAt(question);
  if (answered === issuer) return ok('port', `${where} is answered by ${issuer}`);
  return problem(
    'port',
    `${where} is taken by another program${answered === undefined ? '' : `, which calls itself ${answered}`}`,
    'stop it, or choose another port (listen.port)',
  );
}

const remedies: Readonly<Record<string, string>> = {
  EACCES:
    'ports below 1024 need the right CAP_NET_BIND_SERVICE (or run this as the user of the daemon); or choose another port (listen.port)',
  EADDRNOTAVAIL:
    'this machine does not have the address: tailscaled runs without a TUN device, or listen.addresses is wrong',
};

async function bindError(address: string, port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  server.listen({ host: address, port }, () => server.close(() => resolve(undefined)));
  return promise;
}

/** The issuer that whoever listens there publishes (OpenID Connect Discovery 1.0 section 3). */
async function issuerAt({ address, port, tls, issuer }: PortQuestion): Promise<string | undefined> {
  const { host, hostname } = new URL(issuer);
  const options = {
    host: address,
    port,
    path: '/.well-known/openid-configuration',
    headers: { host },
    agent: false,
    // for the whole answer, however slowly it comes
    signal: AbortSignal.timeout(timeoutMs),
  };
  const { promise, resolve } = Promise.withResolvers<IncomingMessage | undefined>();
  const sent = tls
    ? // only a name is read, and the certificate is looked at on its own
      httpsRequest({ ...options, ...nameOf(hostname), rejectUnauthorized: false }, resolve)
    : httpRequest(options, resolve);
  sent.on('error', () => resolve(undefined));
  sent.end();
  const response = await promise;
  return response && readIssuer(response).catch(() => undefined);
}

/** RFC 6066 section 3: an address is no server name. */
function nameOf(hostname: string): { servername?: string } {
  return isIP(hostname.replace(/^\[|\]$/gu, '')) === 0 ? { servername: hostname } : {};
}

async function readIssuer(response: IncomingMessage): Promise<string | undefined> {
  let json = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    json += chunk;
    if (json.length > limitBytes) return undefined;
  }
  const document: unknown = JSON.parse(json);
  const named = typeof document === 'object' && document !== null && 'issuer' in document;
  return named && typeof document.issuer === 'string' ? document.issuer : undefined;
}
