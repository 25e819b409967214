import { randomBytes } from 'node:crypto';
import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import { ClientProblem, type ClientProblemCode } from '../clients/client-problem.ts';
import type { ClientView } from '../clients/client-view.ts';
import { type Changer, declareClient } from '../clients/manage-clients.ts';
import { oauthText } from '../protocol/oauth-text.ts';
import type { Parameters } from '../protocol/parameters.ts';
import { requireAdministrator } from './administrator.ts';
import { readForm } from './body.ts';
import { linesOf } from './client-form.ts';
import type { AppParts } from './parts.ts';
import { idInPath } from './path-id.ts';

/**
 * tsidp's way for scripts to manage clients; its paths and members, for administrators only. Those of the configuration
 * file are as old as this run.
 */
type ClientsApiParts = Pick<
  AppParts,
  'settings' | 'clients' | 'bodyLimitBytes' | 'startedAtSeconds'
>;

export const listClients = forScripts(async (ctx, { clients, startedAtSeconds }) => {
  const all = await clients.list();
  ctx.body = all.filter(({ shadowed }) => !shadowed).map((one) => view(one, startedAtSeconds));
});

export const addClient = forScripts(async (ctx, parts, by) => {
  const form = await readForm(ctx, parts.bodyLimitBytes);
  const { client, secret } = await parts.clients.add(declare(form), by);
  const { client_id, ...rest } = view(client, parts.startedAtSeconds);
  ctx.body = { client_id, client_secret: secret, ...rest };
});

/** One client, or its end. */
export const answerScriptClient = forScripts(async (ctx, { clients, startedAtSeconds }, by) => {
  if (ctx.method === 'DELETE') {
    await clients.remove(idInPath(ctx), by);
    ctx.status = 204;
  } else {
    ctx.body = view(await clients.find(idInPath(ctx)), startedAtSeconds);
  }
});

function forScripts(
  act: (ctx: Context, parts: ClientsApiParts, by: Changer) => Promise<void>,
): (ctx: Context, parts: ClientsApiParts) => Promise<void> {
  return async (ctx, parts) => {
    try {
      const record = await requireAdministrator(ctx, parts.settings, 'api');
      await act(ctx, parts, { source: 'admin', record });
    } catch (error) {
      throw error instanceof ClientProblem ? inOAuth(error) : error;
    }
  };
}

/** As tsidp shows a client, without a secret: nobody can have it a second time. */
function view(
  { id, metadata, createdAt }: ClientView,
  startedAtSeconds: number,
): Record<string, unknown> {
  const uris = Array.isArray(metadata['redirect_uris']) ? metadata['redirect_uris'] : [];
  return {
    client_id: id,
    client_name: metadata['client_name'],
    redirect_uris: uris,
    created_at: createdAt ?? new Date(startedAtSeconds * 1000).toISOString(),
    // for older programs
    redirect_uri: uris[0] ?? '',
  };
}

/** @throws errors.OIDCProviderError, ClientProblem */
function declare(form: Parameters) {
  const { name, redirect_uri: uris } = form;
  if (!name || !uris) throw answer(400, 'invalid_request', 'missing redirect_uri or name');
  return declareClient({ id: newClientId(), name, redirectUris: linesOf(uris) }, true);
}

/** As tsidp makes them. */
export const newClientId = (): string => randomBytes(16).toString('hex');

const answers: Readonly<Record<Exclude<ClientProblemCode, 'invalid'>, [number, string, string]>> = {
  declared: [
    409,
    'invalid_request',
    'this client is declared in the configuration file: change it there',
  ],
  taken: [409, 'invalid_request', 'a client of this ID exists already'],
  public: [409, 'invalid_request', 'this client has no secret'],
  entered: [409, 'invalid_request', 'this client did not register itself'],
  'not-found': [404, 'not_found', 'client not found'],
};

/** The members of tsidp's form are what the words are about. */
function inOAuth({ code, problems }: ClientProblem): errors.OIDCProviderError {
  if (code !== 'invalid') return answer(...answers[code]);
  const reasons = problems.map(
    ({ path, text }) => `${path[0] === 'name' ? 'name' : 'redirect_uri'} ${text}`,
  );
  return answer(400, 'invalid_request', reasons.join('; '));
}

function answer(status: number, error: string, description: string): errors.OIDCProviderError {
  const made = new errors.CustomOIDCProviderError(error, oauthText(description));
  return Object.assign(made, { status, statusCode: status });
}
