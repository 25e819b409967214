import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { ClientProblem } from '../clients/client-problem.ts';
import type { ClientView } from '../clients/client-view.ts';
import type { AddedClient } from '../clients/manage-clients.ts';
import { adminPaths, adminSocketPath } from '../http/admin-paths.ts';
import { closedToUs } from '../store/files.ts';
import type { Clients } from './clients.ts';
import { CommandError } from './command.ts';
import { printable } from './print.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Question {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

type Ask = (question: Question) => Promise<unknown>;

/**
 * The clients of the daemon that runs on this state directory, over its admin socket; undefined when none runs.
 * A socket that nobody listens at was left by one that was killed.
 * @throws CommandError when one runs and can't be asked
 */
export const runningClients = async (
  stateDirectory: string,
  timeoutMs = 10_000,
): Promise<Clients | undefined> => {
  const socketPath = adminSocketPath(stateDirectory);
  const ask: Ask = async (question) =>
    read(await send(socketPath, question, timeoutMs), socketPath);
  const alive = await send(socketPath, { method: 'GET', path: '/healthz' }, timeoutMs).catch(
    (error: unknown) => {
      if (isAway(error)) return undefined;
      throw error;
    },
  );
  return alive && clientsBy(ask);
};

const clientsBy = (ask: Ask): Clients => ({
  list: () => ask({ method: 'GET', path: adminPaths.clients }) as Promise<ClientView[]>,
  show: (id) => ask({ method: 'GET', path: clientPath(id) }) as Promise<ClientView>,
  add: (client, generate) =>
    ask({
      method: 'POST',
      path: adminPaths.clients,
      body: { client, generate },
    }) as Promise<AddedClient>,
  async rotateSecret(id, chosen) {
    const body = chosen === undefined ? {} : { secret: chosen };
    const path = `${adminPaths.secrets}/${encodeURIComponent(id)}`;
    const answer = (await ask({ method: 'POST', path, body })) as { secret?: string };
    return answer.secret;
  },
  mark: (id, mark) =>
    ask({
      method: 'POST',
      path: `${adminPaths.marks}/${encodeURIComponent(id)}`,
      body: { mark },
    }) as Promise<ClientView>,
  remove: (id) => ask({ method: 'DELETE', path: clientPath(id) }) as Promise<ClientView>,
});

const clientPath = (id: string): string => `${adminPaths.clients}/${encodeURIComponent(id)}`;

const isAway = (error: unknown): boolean => {
  const { cause } = error as Error;
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  // a path that is too long for a socket has none
  return ['ENOENT', 'ECONNREFUSED', 'EINVAL', 'ENAMETOOLONG'].includes(code ?? '');
};

/** @throws CommandError */
const send = async (
  socketPath: string,
  { method, path, body }: Question,
  timeoutMs: number,
): Promise<Answer> => {
  const json = body === undefined ? undefined : JSON.stringify(body);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  try {
    const sent = request({
      socketPath,
      method,
      path,
      host: 'localhost',
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      ...(json === undefined
        ? {}
        : {
            headers: {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(json),
            },
          }),
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const status = response.statusCode ?? 0;
      text(response).then((received) => resolve({ status, body: received }), reject);
    });
    sent.end(json);
    return await promise;
  } catch (cause) {
    throw new CommandError(`${socketPath}: ${printable(reasonFor(cause, timeoutMs))}`, { cause });
  }
};

const reasonFor = (cause: unknown, timeoutMs: number): string => {
  const { name, code, message } = cause as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'TimeoutError') {
    return `the running daemon did not answer within ${timeoutMs / 1000} s; nothing may be changed beside it`;
  }
  if (code === 'EACCES') return closedToUs;
  return `the running daemon can't be asked: ${message}`;
};

const errorSchema = z.object({
  error: z.string(),
  error_description: z.string().default(''),
  client: z.string().default(''),
  problems: z
    .array(z.object({ path: z.array(z.union([z.string(), z.number()])), text: z.string() }))
    .default([]),
});

const codes = ['invalid', 'taken', 'declared', 'not-found', 'public', 'entered'] as const;

/** @throws ClientProblem, CommandError */
const read = ({ status, body }: Answer, socketPath: string): unknown => {
  const json = parse(body);
  if (status === 200) return json;
  const { success, data } = errorSchema.safeParse(json);
  const code = success ? codes.find((one) => one === data.error) : undefined;
  if (success && code) throw new ClientProblem(code, data.client, data.problems);
  const said = success && data.error_description !== '' ? data.error_description : `HTTP ${status}`;
  const remedy =
    status === 404 || status === 405
      ? ': it is of another version than this command; restart it'
      : '';
  throw new CommandError(`${socketPath}: the running daemon refused: ${printable(said)}${remedy}`);
};

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};
