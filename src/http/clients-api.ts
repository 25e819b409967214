import { randomBytes } from 'node:crypto';
import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import type { ProviderSettings } from '../access/settings.ts';
import { ClientProblem, type ClientProblemCode } from '../clients/client-problem.ts';
import type { ClientView } from '../clients/client-view.ts';
import { type Changer, type ClientManager, declareClient } from '../clients/manage-clients.ts';
import { oauthText } from '../protocol/oauth-text.ts';
import type { Parameters } from '../protocol/parameters.ts';
import { requireAdministrator } from './administrator.ts';
import { readForm } from './body.ts';
import { linesOf } from './client-form.ts';
import type { Route } from './exposure.ts';
import { idInPath } from './path-id.ts';

/** tsidp's way for scripts to manage clients; its paths and members, for administrators only. */
export type ClientsApi = (ctx: Context, route: Route, bodyLimitBytes: number) => Promise<void>;

export interface ClientsApiParts {
  readonly settings: ProviderSettings;
  readonly clients: ClientManager;
}

export function createClientsApi({ settings, clients }: ClientsApiParts): ClientsApi {
  const startedAt = new Date(settings.clock.nowSeconds() * 1000).toISOString();
  /** As tsidp shows a client, without a secret: nobody can have it a second time. */
  const view = ({ id, metadata, createdAt }: ClientView): Record<string, unknown> => {
    const uris = Array.isArray(metadata['redirect_uris']) ? metadata['redirect_uris'] : [];
    return {
      client_id: id,
      client_name: metadata['client_name'],
      redirect_uris: uris,
      // those of the configuration file are as old as this run
      created_at: createdAt ?? startedAt,
      // for older programs
      redirect_uri: uris[0] ?? '',
    };
  };
  const add = async (form: Parameters, by: Changer): Promise<Record<string, unknown>> => {
    const { client, secret } = await clients.add(declare(form), by);
    const { client_id, ...rest } = view(client);
    return { client_id, client_secret: secret, ...rest };
  };
  const act = async (ctx: Context, route: Route, bodyLimitBytes: number): Promise<void> => {
    const by: Changer = {
      source: 'admin',
      record: await requireAdministrator(ctx, settings),
    };
    if (route.path === '/clients/') {
      ctx.body = (await clients.list()).filter(({ shadowed }) => !shadowed).map(view);
    } else if (route.path === '/clients/new') {
      ctx.body = await add(await readForm(ctx, bodyLimitBytes), by);
    } else if (ctx.method === 'DELETE') {
      await clients.remove(idInPath(ctx), by);
      ctx.status = 204;
    } else {
      ctx.body = view(await clients.find(idInPath(ctx)));
    }
  };
  return async (ctx, route, bodyLimitBytes) => {
    try {
      await act(ctx, route, bodyLimitBytes);
    } catch (error) {
      throw error instanceof ClientProblem ? inOAuth(error) : error;
    }
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
