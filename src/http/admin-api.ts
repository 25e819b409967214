import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import { z } from 'zod';
import { factsOf } from '../access/request.ts';
import { ClientProblem, type ClientProblemCode } from '../clients/client-problem.ts';
import { type Changer, declareClient } from '../clients/manage-clients.ts';
import { marks } from '../clients/mark-clients.ts';
import { readBody } from './body.ts';
import type { AppParts } from './parts.ts';
import { idInPath } from './path-id.ts';

const byCli: Changer = { source: 'cli', record: { detail: { by: 'cli' } } };

const addition = z.strictObject({ client: z.looseObject({}), generate: z.boolean() });
const marking = z.strictObject({ mark: z.enum(marks) });
const rotation = z.strictObject({ secret: z.string().optional() });

type AdminParts = Pick<AppParts, 'clients' | 'bodyLimitBytes'>;

/** All clients, or one more. */
export const answerClients = commandLine(async (ctx, { clients, bodyLimitBytes }) => {
  if (ctx.method !== 'POST') return clients.list();
  const { client, generate } = await readJson(ctx, addition, bodyLimitBytes);
  return clients.add(declareClient(client, generate), byCli);
});

/** One client, or its end. */
export const answerClient = commandLine((ctx, { clients }) =>
  ctx.method === 'DELETE' ? clients.remove(idInPath(ctx), byCli) : clients.find(idInPath(ctx)),
);

/** A new secret of a client: the one that is sent, else one that is made here. */
export const answerSecret = commandLine(async (ctx, { clients, bodyLimitBytes }) => {
  const { secret } = await readJson(ctx, rotation, bodyLimitBytes);
  return { secret: await clients.rotateSecret(idInPath(ctx), secret, byCli) };
});

/** A mark of a client that registered itself. */
export const answerMark = commandLine(async (ctx, { clients, bodyLimitBytes }) => {
  const { mark } = await readJson(ctx, marking, bodyLimitBytes);
  return clients.mark(idInPath(ctx), mark, byCli);
});

/**
 * What the command line asks the running daemon, over the admin socket alone: whoever may open that could as well
 * open the database. Answers are the command line's own, and JSON.
 * @param act throws errors.OIDCProviderError 400 for what is no such question, and ClientProblem
 */
function commandLine(
  act: (ctx: Context, parts: AdminParts) => Promise<unknown>,
): (ctx: Context, parts: AdminParts) => Promise<void> {
  return async (ctx, parts) => {
    // the exposure table has let nobody else come here; it must not be the only thing that does
    if (!factsOf(ctx).admin) {
      throw new errors.InvalidRequest('there is nothing at this address', 404);
    }
    try {
      ctx.body = await act(ctx, parts);
    } catch (error) {
      if (!(error instanceof ClientProblem)) throw error;
      const { code, problems } = error;
      ctx.status = statuses[code];
      ctx.body = { error: code, error_description: code, client: error.id, problems };
    }
  };
}

const statuses: Readonly<Record<ClientProblemCode, number>> = {
  invalid: 400,
  taken: 409,
  declared: 409,
  public: 409,
  entered: 409,
  'not-found': 404,
};

async function readJson<T>(ctx: Context, schema: z.ZodType<T>, limitBytes: number): Promise<T> {
  if (!ctx.is('application/json')) {
    throw new errors.InvalidRequest('the body must be application/json');
  }
  const body = await readBody(ctx.req, limitBytes);
  try {
    const parsed = schema.safeParse(JSON.parse(body.toString('utf8')));
    if (parsed.success) return parsed.data;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new errors.InvalidRequest('the body is not what this address takes');
}
