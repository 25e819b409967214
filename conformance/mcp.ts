import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { allowInPolicy } from '../test/world/allow.ts';
import { Browser } from '../test/world/browser.ts';
import { freePort, startWorld } from '../test/world/world.ts';
import { installPackages, packageFolder } from './install.ts';
import { type Check, judge, readChecks, readExpected } from './judge.ts';

// npm run conformance:mcp: the authorization scenarios of the MCP conformance package against a daemon of this tree
// beside a simulated tailnet; alice's browser opens the page that it prints.

const specification = '2026-07-28';
const limitMs = 60_000;
const resource = 'https://mcp.test/mcp';
const needed = [
  'authorization-server-metadata-endpoint/authorization-server-metadata',
  'authorization-code-grant/authorization-code-grant',
];

installPackages();
const output = mkdtempSync(join(tmpdir(), 'tsidp-conformance-'));
try {
  const code = await runScenarios();
  const checks = resultsIn(output);
  const expected = readExpected(
    readFileSync(join(import.meta.dirname, 'expected-failures.json'), 'utf8'),
  );
  const problems = judge(checks, expected, needed);
  if (code !== 0 && expected.length === 0) problems.push(`the package ended with ${code}`);
  for (const { scenario, id, status } of checks) console.log(`${status} ${scenario}/${id}`);
  for (const problem of problems) console.error(`not as expected: ${problem}`);
  console.log(`${checks.length} checks, ${problems.length} not as expected`);
  if (problems.length > 0) process.exitCode = 1;
} finally {
  rmSync(output, { recursive: true, force: true });
}

/** All in one call: the code grant needs what the metadata scenario found. @returns the exit code */
async function runScenarios(): Promise<number | null> {
  const port = await freePort();
  const redirect = `http://127.0.0.1:${port}/callback`;
  await using world = await startWorld({
    clients: [{ id: 'conformance', redirectUris: [redirect], login: 'clickless' }],
    resources: [{ uri: resource, scopes: { read_file: 'Read files' } }],
  });
  allowInPolicy(world.simulator, [
    { src: ['alice@example.com'], scopes: [{ resource, scopes: ['read_file'] }] },
  ]);
  const program = join(packageFolder('@modelcontextprotocol/conformance'), 'dist/index.js');
  const options = ['--url', world.issuer, '--client-id', 'conformance', '--resource', resource];
  const child = spawn(
    process.execPath,
    [program, 'authorization', ...options, '-p', String(port), '-o', output].concat([
      '--spec-version',
      specification,
    ]),
    { stdio: ['ignore', 'pipe', 'inherit'], timeout: limitMs, killSignal: 'SIGKILL' },
  );
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject);
  child.on('close', resolve);
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith(`${world.issuer}/authorize?`)) return;
    logIn(line, redirect).catch(reject);
  });
  try {
    return await promise;
  } finally {
    child.kill('SIGKILL');
  }
}

/** Alice opens the printed page, and her browser follows it to where the package listens. */
async function logIn(url: string, redirect: string): Promise<void> {
  const alice = new Browser('127.0.0.1');
  const { location, status, body } = await alice.follow(url);
  if (!location?.href.startsWith(redirect)) throw new Error(`no redirect: ${status} ${body}`);
  await alice.open(location);
}

function resultsIn(directory: string): Check[] {
  return readdirSync(directory).flatMap((name) => {
    // authorization-server-<scenario>-<time>
    const scenario = /^authorization-server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/u.exec(name)?.[1] ?? name;
    return readChecks(scenario, readFileSync(join(directory, name, 'checks.json'), 'utf8'));
  });
}
