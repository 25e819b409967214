import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { openSite } from '../../world/daemon-process.ts';
import { codeFor } from '../../world/login.ts';
import { until } from '../../world/until.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

const countIn = (text: string, event: string) =>
  text.split('\n').filter((line) => line.includes(`"type":"audit"`) && line.includes(event)).length;

test('audit records stand on stdout, whole, between the lines of the log', async () => {
  await using site = await openSite({ audit: { sink: 'stdout' } });
  const run = await site.start();
  for (let count = 0; count < 20; count += 1) await codeFor(new Browser(), site.issuer);
  await until('all are there', () => countIn(run.out(), '"event":"login"') === 20);
  await run.kill('SIGTERM');
  for (const line of run.out().trimEnd().split('\n')) expect(JSON.parse(line)).toBeTypeOf('object');
  expect(run.out()).toContain('"type":"audit-head"');
});

test('SIGHUP ends nothing, and a file that was moved away is begun anew', async () => {
  await using site = await openSite({ audit: { sink: { file: 'audit.log' } } });
  const file = join(site.directory, 'audit.log');
  const linesIn = (path: string) =>
    existsSync(path) ? countIn(readFileSync(path, 'utf8'), '"event":"login"') : 0;
  const run = await site.start();
  await codeFor(new Browser(), site.issuer);
  await until('the first is there', () => linesIn(file) === 1);
  renameSync(file, `${file}.1`);
  process.kill(run.pid, 'SIGHUP');
  await codeFor(new Browser(), site.issuer);
  await until('the second is in a new file', () => linesIn(file) === 1);
  expect(linesIn(`${file}.1`)).toBe(1);
  expect(await run.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});

test('tsidp audit --follow ends with Ctrl-C', async () => {
  await using site = await openSite();
  const run = await site.start();
  await codeFor(new Browser(), site.issuer);
  const child = spawn(process.execPath, [main, 'audit', '--follow', '--dir', site.stateDirectory], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  });
  const closed = once(child, 'close');
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  try {
    await until('it has the first', () => out.includes('login'), 15_000);
    await codeFor(new Browser('127.0.0.2'), site.issuer);
    await until('it has the next', () => out.includes('bob@example.com'));
    child.kill('SIGINT');
    expect(await closed).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
    await closed;
    await run.kill('SIGTERM');
  }
});
