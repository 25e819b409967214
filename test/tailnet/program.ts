import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What keeps a tailscaled from looking for the world, and lets Headscale's own DERP relay do without TLS. */
export const offline: Readonly<Record<string, string>> = {
  TS_ASSUME_NETWORK_UP_FOR_TEST: '1',
  TS_PANIC_IF_HIT_MAIN_CONTROL: '1',
  TS_DISABLE_PORTMAPPER: '1',
  TS_NO_LOGS_NO_SUPPORT: 'true',
  TS_DEBUG_USE_DERP_HTTP: '1',
};

const environment = (): Record<string, string> => ({ PATH: process.env['PATH'] ?? '', ...offline });

/** A program that runs until it is stopped, its output in a file. */
export interface Program {
  readonly pid: number;
  /** All that it said so far. */
  said(): string;
  hasEnded(): boolean;
  /** SIGTERM, then SIGKILL when it takes longer than 15 s. */
  stop(): Promise<void>;
}

export function start(
  directory: string,
  name: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const log = join(directory, `${name}.log`);
  const out = openSync(log, 'a');
  const child = spawn(command, args, {
    cwd: directory,
    env: { ...environment(), ...env },
    stdio: ['ignore', out, out],
  });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? 0,
    said: () => readFileSync(log, 'utf8'),
    hasEnded,
    async stop() {
      if (hasEnded()) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await exited;
      clearTimeout(force);
    },
  };
}

/** Runs a command to its end. @returns its standard output @throws with what it said when it fails */
export async function call(
  directory: string,
  command: string,
  args: readonly string[],
): Promise<string> {
  const options = { cwd: directory, env: environment(), timeout: 60_000 };
  try {
    return (await run(command, [...args], options)).stdout;
  } catch (cause) {
    const { stderr = '', message } = cause as Error & { stderr?: string };
    throw new Error(`${command} ${args.join(' ')}: ${stderr.trim() || message}`, { cause });
  }
}
