import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFolder } from '../../conformance/install.ts';
import { Browser } from '../world/browser.ts';
import type { Person } from './person.ts';
import type { Outcome, RealClient } from './program.ts';

export interface InspectorSettings {
  readonly url: string;
  /** Where the Inspector listens for the browser to come back. */
  readonly callbackUrl: string;
  readonly documentUrl?: string;
}

const program = join(
  packageFolder('@modelcontextprotocol/inspector'),
  'clients/launcher/build/index.js',
);
const limitMs = 30_000;

/**
 * What a client that registered itself says when a scope is missing: it refreshes, which can't bring the scope (issue
 * 2255 of the SDK in it), and gives up. Whoever uses it logs in again.
 */
const refreshedInstead = 'auth() returned AUTHORIZED without authorization code';

/** The command line of the MCP Inspector: a process for each call, which finds what the last one kept in its home. */
export async function startInspector(
  { url, callbackUrl, documentUrl }: InspectorSettings,
  person: Person,
): Promise<RealClient> {
  const home = await mkdtemp(join(tmpdir(), 'tsidp-inspector-'));
  const identity = documentUrl === undefined ? [] : ['--client-metadata-url', documentUrl];
  const options = ['--cli', url, '--callback-url', callbackUrl, ...identity, '--format', 'json'];
  return {
    async call(tool, args) {
      const call = ['--method', 'tools/call', '--tool-name', tool];
      const all = [...options, ...call, '--tool-args-json', JSON.stringify(args)];
      const outcome = await run(all, home, person);
      if (!outcome.refused?.includes(refreshedInstead)) return outcome;
      return run([...all, '--relogin'], home, person);
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

async function run(args: readonly string[], home: string, person: Person): Promise<Outcome> {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH,
      HOME: home,
      NO_COLOR: '1',
      // without a terminal it logs in only if it may open a browser; what it opens is /bin/true
      MCP_AUTO_OPEN_ENABLED: 'true',
      BROWSER: 'true',
      // where there is no keychain it would forget all at its end
      MCP_INSPECTOR_SECRET_STORE: 'file',
    },
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  const closed = once(child, 'close');
  let written = '';
  child.stdout.on('data', (chunk: Buffer) => {
    written += String(chunk);
  });
  let said = '';
  const browse = async (url: string): Promise<void> => {
    const location = await person.open(url);
    // it would wait for minutes for somebody who was shown a page
    if (location) await new Browser(person.address).open(location);
    else child.kill('SIGTERM');
  };
  const browsing: Promise<void>[] = [];
  let answered = 0;
  child.stderr.on('data', (chunk: Buffer) => {
    said += String(chunk);
    if (said.endsWith('[y/N] ')) child.stdin.write('y\n');
    for (const [, url = ''] of [...said.matchAll(/Please navigate to: (\S+)\n/gu)].slice(
      answered,
    )) {
      answered += 1;
      browsing.push(browse(url));
    }
  });
  const [code] = await closed;
  await Promise.all(browsing);
  if (code !== 0) return { refused: `exit ${code}: ${said}` };
  const { content } = JSON.parse(written).result ?? JSON.parse(written);
  return { text: content.map(({ text }: { text: string }) => text).join('') };
}
