import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { endingOn } from '../../src/ending.ts';
import { type Demo, startDemo } from './demo.ts';

// npm run demo [-- --state DIR]; DEMO_PORT=5000 moves the provider to 5000, the app to 5001 and the MCP server to 5002.

const banner = `
  *************************************************************************
  *  DEMO: A SIMULATED TAILNET. Who you are follows from your SOURCE      *
  *  ADDRESS alone, so every program on this machine can be anybody.      *
  *  It listens on loopback only. NEVER forward or expose these ports.    *
  *************************************************************************
`;

const others = [
  ['127.0.0.2', 'bob@example.com'],
  ['127.0.0.3', 'the machine ci, tag:ci: refused, it is no person'],
  ['127.0.0.4', 'mallory@elsewhere.example, a guest of another tailnet: refused'],
  ['127.0.0.5', 'nobody that the tailnet knows: refused'],
  ['127.0.0.6', "carol@example.com, whose device's key expired: refused"],
] as const;

function whatToTry({ issuer, appUrl, mcpUrl, stateDirectory }: Demo): string {
  const curl = "curl -sL -b '' -H 'Accept: application/json'";
  return `
  Open ${appUrl}/ in a browser: you are alice@example.com, an admin, without a click.
  The same by curl, and as somebody else (-b '' keeps cookies for the one run):

    ${curl} ${appUrl}/
${others.map(([address, who]) => `\n    # ${who}\n    ${curl} --interface ${address} ${appUrl}/`).join('\n')}

  The one redirect that signs alice in, as the app sees it:

    curl -si "$(curl -so /dev/null -w '%{redirect_url}' ${appUrl}/)"

  An MCP server whose tools need scopes: alice may read files and run code, bob may read files (docs/mcp.md).
  Start it in another terminal, then give its URL to a client, which finds the provider by itself:

    npm run demo:mcp
    claude mcp add --transport http tsidp-demo ${mcpUrl}
    npx @modelcontextprotocol/inspector

  A terminal without a browser asks for a code, and gets a token once you allowed it at ${issuer}/device:

    curl -s -d client_id=terminal -d scope='openid email' ${issuer}/device_authorization
    curl -s -d client_id=terminal -d grant_type=urn:ietf:params:oauth:grant-type:device_code -d device_code=… ${issuer}/token

  Provider   ${issuer}/.well-known/openid-configuration
  Tailnet    examples/demo/tailnet.jsonc
  State      ${stateDirectory}
  Ctrl-C ends everything.
`;
}

/** @throws Error when it is no port, or leaves none for the app and the MCP server */
function demoPort(text: string | undefined): number {
  if (text === undefined || text === '') return 4400;
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_533) return port;
  throw new Error(
    `DEMO_PORT=${text}: write a port from 1 to 65533; the app and the MCP server take the next two`,
  );
}

function isTaken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === 'EADDRINUSE') || isTaken(error.cause);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { state: { type: 'string' } } });
  const port = demoPort(process.env['DEMO_PORT']);
  const stateDirectory = values.state === undefined ? undefined : resolve(values.state);
  const ending = endingOn(process, ['SIGINT', 'SIGTERM']);
  const ended = new Promise((resolved) => {
    ending.addEventListener('abort', resolved, { once: true });
  });

  console.log(banner);
  const demo = await startDemo({ port, stateDirectory, signal: ending }).catch((cause: unknown) => {
    if (!isTaken(cause)) throw cause;
    const ports = `port ${port} or ${port + 1} of 127.0.0.1 is taken by another program`;
    throw new Error(`${ports}: end it, or choose others with DEMO_PORT=5000`, { cause });
  });
  console.log(whatToTry(demo));
  console.log('ready');
  await ended;
  await demo.close();
}

try {
  await main();
} catch (error) {
  console.error(`demo: ${(error as Error).message}`);
  process.exitCode = 1;
}
