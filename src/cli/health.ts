import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { adminSocketPath } from '../http/admin-paths.ts';
import { type Drops, dropWords } from '../http/tally.ts';
import { closedToUs } from '../store/files.ts';
import { CommandError, defineCommand, UsageError } from './command.ts';
import { printable } from './print.ts';

const timeoutMs = 5000;

export const health = defineCommand({
  name: 'health',
  usage: '[--live] [--socket PATH | --url URL]',
  summary: 'ask the running daemon whether logins work; exits with 1 if they do not',
  positionals: 0,
  flags: {
    ...configFlags,
    live: { type: 'boolean', help: 'only whether it lives, tailscaled aside' },
    socket: {
      type: 'string',
      value: 'PATH',
      help: 'Unix socket to ask; default: admin.sock in the state directory',
    },
    url: { type: 'string', value: 'URL', help: 'where to ask instead, e.g. the issuer' },
  },
  async act(flags, io) {
    const url = flags.strings['url']?.at(-1);
    const given = flags.strings['socket']?.at(-1);
    if (url !== undefined && given !== undefined)
      throw new UsageError('--socket or --url, not both');
    if (url !== undefined && !/^https?:\/\//u.test(url)) {
      throw new UsageError('--url: must begin with http:// or https://');
    }
    const path = flags.switches.has('live') ? '/healthz' : '/readyz';
    const socket = () =>
      resolve(given ?? adminSocketPath(loadConfigWith(flags, io.env).stateDirectory));
    const answer = await (url === undefined
      ? ask({ socketPath: socket(), path })
      : ask(new URL(path, url)));
    if (answer.status !== 200) throw new CommandError(`not healthy: ${reasonOf(answer)}`);
    io.out(path === '/healthz' ? 'alive\n' : `ready\n${droppedOf(answer)}`);
  },
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function ask(where: URL | { socketPath: string; path: string }): Promise<Answer> {
  const request = where instanceof URL && where.protocol === 'https:' ? requestHttps : requestHttp;
  const place = where instanceof URL ? where.href : where.socketPath;
  const options = { agent: false, signal: AbortSignal.timeout(timeoutMs) };
  const { promise, resolve: answered, reject } = Promise.withResolvers<Answer>();
  const sent =
    where instanceof URL
      ? request(where, options)
      : request({ ...where, ...options, host: 'localhost' });
  sent.on('error', reject);
  sent.on('response', (response) => {
    text(response).then((body) => answered({ status: response.statusCode ?? 0, body }), reject);
  });
  sent.end();
  try {
    return await promise;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const isAway = code === 'ENOENT' || code === 'ECONNREFUSED';
    if (code === 'EACCES') throw new CommandError(`${place}: ${closedToUs}`, { cause });
    const why = isAway
      ? 'no daemon is listening there (not started yet, or waiting for tailscaled)'
      : message;
    throw new CommandError(`not healthy: ${place}: ${printable(why)}`, { cause });
  }
}

/** What was turned away since the start to keep everybody else in, a line each. */
function droppedOf({ body }: Answer): string {
  try {
    const { dropped = {} } = JSON.parse(body) as { dropped?: Drops };
    return dropWords(dropped)
      .map((words) => `since the start: ${printable(words)}\n`)
      .join('');
  } catch {
    return '';
  }
}

/** The daemon's own words, as far as the answer is one of its. */
function reasonOf({ status, body }: Answer): string {
  try {
    const { problems } = JSON.parse(body) as { problems?: unknown };
    if (Array.isArray(problems) && problems.length > 0) return printable(problems.join('; '));
  } catch {
    // not the daemon's JSON: its status says enough
  }
  return `HTTP ${status}`;
}
