#!/usr/bin/env node
import { existsSync } from 'node:fs';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { findCommand } from './cli/commands.ts';
import { systemClock } from './clock.ts';
import { ConfigError, loadConfig } from './config/config.ts';
import { type Daemon, startDaemon } from './daemon/daemon.ts';
import { endingOn } from './ending.ts';
import { ListenError } from './http/listeners.ts';
import { createLogger } from './log.ts';
import { LocalApiError } from './peer/local-api.ts';
import { ServeConflict } from './peer/serve-config.ts';
import { findSocket } from './peer/socket.ts';
import { TailscaledError } from './peer/tailscaled-error.ts';
import { StoreError } from './store/store.ts';
import { TakeoverError } from './takeover/takeover-error.ts';

/** The only module that touches the process: arguments, environment, signals, output, exit code. */
async function main(): Promise<number> {
  const argv = process.argv.slice(2);
  const command = findCommand(argv);
  if (command) {
    process.stdout.on('error', endWithReader);
    return command.run(command.args, {
      out: (text) => process.stdout.write(text),
      err: (text) => process.stderr.write(text),
      env: process.env,
      stdin: process.stdin,
      get signal() {
        return interrupted();
      },
    });
  }
  return serve(argv);
}

/** Whoever asks for this ends by itself. */
function interrupted(): AbortSignal {
  const ending = new AbortController();
  process.once('SIGINT', () => ending.abort());
  return ending.signal;
}

/** A reader that has seen enough (`| head`) is no error. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

async function serve(argv: readonly string[]): Promise<number> {
  const config = loadConfig({ argv, env: process.env });
  const log = createLogger({ level: config.log.level });
  for (const warning of config.warnings) log.warn(warning);
  compileEarly();
  const ending = endingOn(process, ['SIGTERM', 'SIGINT']);
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));

  const socket = findSocket({
    platform: process.platform,
    explicit: config.tailscaled.socket,
    env: process.env,
    exists: existsSync,
  });
  let daemon: Daemon | undefined;
  // from the first: a log rotation during a start that waits for tailscaled would end us
  process.on('SIGHUP', () => void daemon?.reopenFiles());
  daemon = await startDaemon(config, {
    clock: systemClock,
    log,
    socket,
    env: process.env,
    signal: ending,
  });
  log.info({ issuer: daemon.issuer, urls: daemon.urls }, 'ready');
  await aborted(ending);
  log.info('ending: requests under way may finish');
  await daemon.close();
  return 0;
}

/**
 * V8 makes a function's best code after 3000 calls, and a login calls most of ours once. Flags belong to V8's version:
 * others would print that they do not know it.
 */
function compileEarly(): void {
  if (process.versions.v8.startsWith('13.')) {
    setFlagsFromString('--invocation-count-for-turbofan=1000');
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

/** Mistakes of the operator and of the machine are told in a sentence; only ours get a stack trace. */
function explain(error: unknown): string {
  const expected = [
    ...[ConfigError, StoreError, TakeoverError, ListenError],
    ...[LocalApiError, TailscaledError, ServeConflict],
  ];
  if (expected.some((kind) => error instanceof kind)) return (error as Error).message;
  if (error instanceof Error && error.name === 'AbortError') return 'ended before it was ready';
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`tsidp: ${explain(error)}\n`);
  process.exitCode = 1;
}
