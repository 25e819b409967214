import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import { Visitor } from './visitor.ts';

const program = new URL('../../examples/demo/main.ts', import.meta.url).pathname;

const running: ChildProcess[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/** `npm run demo` with its own Node; resolves when it is ready, with its output, or has ended. */
async function run(port: string, ...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, DEMO_PORT: port },
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
  return { child, ended, output: lines.join('\n') };
}

/** A port that is free together with the next one. */
async function twoPorts(): Promise<number> {
  for (;;) {
    const first = await occupy(0);
    const second = await occupy(first.port + 1).catch(() => undefined);
    await first.release();
    await second?.release();
    if (second) return first.port;
  }
}

async function occupy(wanted: number) {
  const server = createServer().listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const release = async () => {
    server.close();
    await once(server, 'close');
  };
  return { port, release };
}

describe('the demo', () => {
  test('signs in who connects from whose address, and tells the others why not', async () => {
    const port = await twoPorts();
    const { child, ended, output } = await run(String(port));
    expect(output).toMatch(/SIMULATED TAILNET/);
    expect(output).toContain(`--interface 127.0.0.2 http://127.0.0.1:${port + 1}/`);
    const from = async (localAddress: string) => {
      const page = await new Visitor({ localAddress }).arrive(`http://127.0.0.1:${port + 1}/`);
      return { status: page.status, text: page.body, ...JSON.parse(page.body) };
    };
    const alice = await from('127.0.0.1');
    expect(alice).toMatchObject({ status: 200, user: 'alice', sub: 'userid:1' });
    expect(alice.claims).toMatchObject({ name: 'Alice Ångström', groups: ['admins'] });
    expect(alice.text).toContain('"level":9007199254740993');
    expect(await from('127.0.0.2')).toMatchObject({ status: 200, user: 'bob', sub: 'userid:2' });
    for (const [address, reason] of [
      ['127.0.0.3', /machine \(tag:ci\)/],
      ['127.0.0.4', /another tailnet/],
      ['127.0.0.5', /not come from a device of this tailnet/],
      ['127.0.0.6', /expired/],
    ] as const) {
      const refused = await from(address);
      expect(refused).toMatchObject({ status: 403, error: 'access_denied' });
      expect(refused.error_description).toMatch(reason);
    }
    const state = /State\s+(\S+)/.exec(output)?.[1] ?? '';
    expect(existsSync(state)).toBe(true);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(existsSync(join(state, '..'))).toBe(false);
  });

  test('keeps its state where it is told to', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'demo-state-'));
    const port = await twoPorts();
    const visitor = new Visitor();
    const signIn = async () => {
      const { child, ended } = await run(String(port), '--state', join(directory, 'state'));
      const keys = await visitor.get(`http://127.0.0.1:${port}/.well-known/jwks.json`);
      const page = await visitor.arrive(`http://127.0.0.1:${port + 1}/`);
      child.kill('SIGINT');
      expect(await ended).toBe(0);
      return { user: JSON.parse(page.body).user, keys: JSON.parse(keys.body).keys };
    };
    const first = await signIn();
    expect(first.user).toBe('alice');
    expect(await signIn()).toEqual(first);
    await rm(directory, { recursive: true });
  });

  test.each([0, 1])('says so when port %i of its two is taken', async (offset) => {
    const port = await twoPorts();
    const taken = await occupy(port + offset);
    const { ended, output } = await run(String(port));
    expect(await ended).toBe(1);
    expect(output).toContain(`demo: port ${port} or ${port + 1} of 127.0.0.1 is taken`);
    expect(output).not.toMatch(/^ready$/m);
    await taken.release();
  });

  test.each(['abc', '0', '65535'])('refuses DEMO_PORT=%s', async (port) => {
    const { ended, output } = await run(port);
    expect(await ended).toBe(1);
    expect(output).toContain(`demo: DEMO_PORT=${port}: write a port from 1 to 65533`);
  });
});
