import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask } from './local-client.ts';

const program = new URL('../../src/simulator/main.ts', import.meta.url).pathname;

let directory: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'simulator-'));
});
afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(directory, { recursive: true });
});

function run(...args: string[]) {
  const started = spawn(process.execPath, [program, ...args]);
  child = started;
  const output: string[] = [];
  const waiting: { wanted: RegExp; resolve: (line: string) => void }[] = [];
  for (const stream of [started.stdout, started.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line);
      for (const { wanted, resolve } of waiting) if (wanted.test(line)) resolve(line);
    });
  }
  /** The first line from now on that matches; fails when the process ends before. */
  const line = (wanted: RegExp) =>
    new Promise<string>((resolve, reject) => {
      waiting.push({ wanted, resolve });
      started.once('close', () => reject(new Error(`ended: ${output.join('\n')}`)));
    });
  return { started, output, line };
}

function tailnet(login: string): string {
  return `{"tailnet": "t.test", "self": "idp", "users": {"${login}": {"id": 1}}, "nodes": {
    "idp": {"tags": ["tag:idp"], "addresses": ["100.64.0.2"]}, // us
    "laptop": {"user": "${login}", "addresses": ["100.64.0.3"]}}}`;
}

test('as a process: ready, reload on SIGHUP, end on SIGTERM', async () => {
  const file = join(directory, 'net.jsonc');
  const socket = join(directory, 'run', 'tailscaled.sock');
  const login = async () => {
    const { body } = await ask(socket, '/localapi/v0/whois?addr=100.64.0.3:1');
    return JSON.parse(body).UserProfile.LoginName;
  };
  await writeFile(file, tailnet('alice@example.com'));
  const { started, output, line } = run('--tailnet', file, '--socket', socket);
  await line(/^ready$/);
  expect(output.join('\n')).toContain('SIMULATED TAILNET');
  expect(await login()).toBe('alice@example.com');

  await writeFile(file, tailnet('bob@example.com'));
  const reloaded = line(/^reloaded$/);
  started.kill('SIGHUP');
  await reloaded;
  expect(await login()).toBe('bob@example.com');

  await writeFile(file, '{');
  const kept = line(/^kept the old tailnet: net\.jsonc:1:2: /);
  started.kill('SIGHUP');
  await kept;
  expect(await login()).toBe('bob@example.com');

  started.kill('SIGTERM');
  expect(await once(started, 'exit')).toEqual([0, null]);
  expect(existsSync(socket)).toBe(false);
});

test('a wrong file ends it with one clear line', async () => {
  const file = join(directory, 'net.jsonc');
  await writeFile(file, '{"tailnet": 1}');
  const { started, output } = run('--tailnet', file, '--socket', join(directory, 's'));
  expect(await once(started, 'close')).toEqual([1, null]);
  expect(output[0]).toMatch(/^simulator: net\.jsonc: tailnet: /);
});

test('missing arguments are answered with the usage', async () => {
  const { started, output } = run();
  expect(await once(started, 'close')).toEqual([1, null]);
  expect(output).toEqual([
    'simulator: usage: node src/simulator/main.ts --tailnet FILE --socket PATH [--miss-ms MILLISECONDS]',
  ]);
});
