import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { Browser } from '../world/browser.ts';

const running: ChildProcess[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/** `npm run demo` or `npm run demo:mcp` with its own Node; resolves when it is ready, or has ended. */
async function run(example: string, port: number) {
  const program = new URL(`../../examples/${example}/main.ts`, import.meta.url).pathname;
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, DEMO_PORT: String(port) },
  });
  running.push(child);
  const lines: string[] = [];
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (line === 'ready') resolve();
      });
    }
  });
  const ended = once(child, 'close').then(([code]) => code as number);
  await Promise.race([ready, ended]);
  return { child, ended, output: () => lines.join('\n') };
}

async function listen(port: number) {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const release = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  return { port: typeof address === 'object' && address ? address.port : 0, release };
}

/** A port that is free together with the next two. */
async function threePorts(): Promise<number> {
  for (;;) {
    const first = await listen(0);
    const others = await Promise.allSettled([listen(first.port + 1), listen(first.port + 2)]);
    await first.release();
    for (const other of others) if (other.status === 'fulfilled') await other.value.release();
    if (others.every(({ status }) => status === 'fulfilled')) return first.port;
  }
}

test('beside the demo, wherever that is: the demo knows the server, and what alice may do there', async () => {
  const port = await threePorts();
  const [demo, mcp] = await Promise.all([run('demo', port), run('mcp-server', port)]);
  const url = `http://127.0.0.1:${port + 2}/mcp`;
  expect(demo.output()).toContain(`claude mcp add --transport http tsidp-demo ${url}`);
  expect(mcp.output()).toContain(`MCP server ${url}, tokens from http://127.0.0.1:${port};`);

  const challenged = await fetch(url, { method: 'POST', body: '{}' });
  expect(challenged.status).toBe(401);
  const documentUrl = /resource_metadata="([^"]+)"/.exec(
    challenged.headers.get('www-authenticate') ?? '',
  )?.[1];
  const document = await (await fetch(documentUrl ?? '')).json();
  expect(document).toMatchObject({
    resource: url,
    authorization_servers: [`http://127.0.0.1:${port}`],
  });

  const alice = new Browser();
  const issuer = `http://127.0.0.1:${port}`;
  const redirect = 'http://localhost:33418/callback';
  const registered = await alice.open(`${issuer}/register`, {
    body: JSON.stringify({ redirect_uris: [redirect], token_endpoint_auth_method: 'none' }),
    headers: { 'content-type': 'application/json' },
  });
  const asked = new URLSearchParams({
    client_id: JSON.parse(registered.body).client_id,
    redirect_uri: redirect,
    response_type: 'code',
    scope: 'read_file run_code',
    resource: url,
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'S256',
  });
  const page = await alice.follow(`${issuer}/authorize?${asked}`);
  expect(page.body).toContain('Read the files of the example');
  expect(page.body).toContain('Run code in the example');

  mcp.child.kill('SIGTERM');
  expect(await mcp.ended).toBe(0);
});

test('says so when its port is taken', async () => {
  const port = await threePorts();
  const taken = await listen(port + 2);
  const { ended, output } = await run('mcp-server', port);
  expect(await ended).toBe(1);
  expect(output()).toMatch(
    /^mcp-server: port \d+ of 127\.0\.0\.1 is taken by another program: end it, or choose/m,
  );
  await taken.release();
});
