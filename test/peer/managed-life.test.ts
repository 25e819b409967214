import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kill } from 'node:process';
import { describe, expect, test } from 'vitest';
import { TailscaledError } from '../../src/peer/tailscaled-error.ts';
import { until } from '../world/until.ts';
import { authKey, backendState, isAlive, makeStandIn, manage } from './managed-site.ts';

describe('its life', () => {
  test('is started again when it dies, and ends with us', async () => {
    const site = makeStandIn();
    const { said, socket, stop } = await manage(site, { authKey });
    const [first = 0] = site.pids();
    kill(first, 'SIGKILL');
    await until('a second life', () => site.pids().length === 2);
    await until('it answers', () => backendState(socket).catch(() => false));
    expect(said.join('\n')).toMatch(/error tailscaled .* died: it was killed by SIGKILL; its last/);
    await stop();
    expect(site.pids().map(isAlive)).toEqual([false, false]);
    expect(site.noted('signal')).toEqual(['SIGTERM']);
    await stop();
  });

  test('is ended by force when it does not end', async () => {
    const site = makeStandIn({ mode: 'stubborn' });
    const { stop } = await manage(site, { authKey }, { pauses: { endMs: 200, quickMs: 20 } });
    await stop();
    expect(site.noted('signal')).toEqual(['SIGTERM']);
    expect(isAlive(site.pids()[0] ?? 0)).toBe(false);
  });

  test('that is over at once, again and again, is a clear error with its last words', async () => {
    const site = makeStandIn({ mode: 'die' });
    const failure = await manage(site, { authKey }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TailscaledError);
    const { message } = failure as Error;
    expect(message).toContain(
      `tailscaled (${site.program}) died (3 times in a row): it ended with`,
    );
    expect(message).toContain(
      'exit code 2; its last lines:\n  logtail started; the key is [key]\n',
    );
    expect(message).toContain('flag provided but not defined: -nonsense');
    expect(site.pids()).toHaveLength(3);
  });

  test('goes on when its number cannot be written down', async () => {
    const site = makeStandIn();
    const { said } = await manage(site, { authKey });
    const pidFile = join(site.stateDirectory, 'tailscaled.pid');
    rmSync(pidFile);
    mkdirSync(pidFile);
    kill(site.pids()[0] ?? 0, 'SIGKILL');
    await until('it is told', () => said.find((line) => line.includes('tailscaled.pid')), 15_000);
    await until('a second life', () => site.pids().length === 2, 15_000);
    rmdirSync(pidFile);
  });

  test('goes on after a time of dying, once it has been well', async () => {
    const site = makeStandIn();
    const { said, socket } = await manage(site, { authKey });
    site.become({ mode: 'die' });
    kill(site.pids()[0] ?? 0, 'SIGTERM');
    await until('it died often', () => site.pids().length > 4, 15_000);
    site.become({ mode: 'serve' });
    await until('it answers', () => backendState(socket).catch(() => false));
    expect(said.join('\n')).toMatch(
      /died \(\d times in a row\)[\s\S]*it is started again in 0\.1 s/,
    );
  });

  test('that never answers is given up', async () => {
    const site = makeStandIn({ mode: 'mute' });
    await expect(manage(site, {}, { startMs: 1500 })).rejects.toThrow(
      /does not answer after 1\.5 s; its last words: ready/,
    );
    expect(isAlive(site.pids()[0] ?? 0)).toBe(false);
  });

  test('ends when the start is given up', async () => {
    const site = makeStandIn({ mode: 'mute' });
    const giveUp = new AbortController();
    const starting = manage(site, {}, { signal: giveUp.signal });
    await until('it runs', () => site.pids()[0]);
    giveUp.abort();
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
    expect(isAlive(site.pids()[0] ?? 0)).toBe(false);
  });

  test('left over from a daemon that was killed is ended first', async () => {
    const site = makeStandIn();
    const abandoned = await manage(site, { authKey });
    const [first = 0] = site.pids();
    const { said } = await manage(site, { authKey });
    expect(said[0]).toBe(`warn ended a tailscaled from before (pid ${first})`);
    expect(isAlive(first)).toBe(false);
    await abandoned.stop();
  });

  test('a number that belongs to another process by now is left alone', async () => {
    const site = makeStandIn();
    const pidFile = join(site.stateDirectory, 'tailscaled.pid');
    writeFileSync(pidFile, `${process.pid}\n`);
    const { stop } = await manage(site, { authKey });
    expect(readFileSync(pidFile, 'utf8')).toBe(`${site.pids()[0]}\n`);
    expect(statSync(pidFile).mode & 0o077).toBe(0);
    await stop();
    expect(() => statSync(pidFile)).toThrow('ENOENT');
  });
});
