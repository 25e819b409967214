import { randomBytes } from 'node:crypto';
import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import { clientSchema } from '../config/client-schema.ts';
import { schemaProblems } from '../config/problems.ts';
import { toClient } from '../config.ts';
import { clientFromConfig } from '../provider/client-metadata.ts';
import { oauthText } from '../provider/errors.ts';
import type { Parameters } from '../provider/normalise.ts';
import { generateSecret, hashGenerated, type SecretChecker } from '../provider/secrets.ts';
import type { ProviderSettings } from '../provider/settings.ts';
import type { ClientTable, StoredClient } from '../store/store.ts';
import { type Administrator, requireAdministrator } from './administrator.ts';
import { readForm } from './body.ts';
import type { Route } from './exposure.ts';

/** tsidp's way for scripts to manage clients; its paths and members, for administrators only. */
export type ClientsApi = (ctx: Context, route: Route, bodyLimitBytes: number) => Promise<void>;

export interface ClientsApiParts {
  readonly settings: ProviderSettings;
  /** Those of the configuration file, which are shown and not changed. */
  readonly configured: readonly StoredClient[];
  readonly clients: ClientTable;
  /** The stored key of purpose `client-secret`. */
  readonly secretKey: Buffer;
  readonly secrets: SecretChecker;
}

export function createClientsApi(parts: ClientsApiParts): ClientsApi {
  return async (ctx, route, bodyLimitBytes) => {
    const administrator = await requireAdministrator(ctx, parts.settings);
    if (route.path === '/clients/') return list(ctx, parts);
    if (route.path === '/clients/new') {
      return add(ctx, await readForm(ctx, bodyLimitBytes), administrator, parts);
    }
    const client = await find(idOf(ctx), parts);
    if (ctx.method !== 'DELETE') ctx.body = view(client);
    else await remove(ctx, client, administrator, parts);
  };
}

async function list(ctx: Context, { configured, clients }: ClientsApiParts): Promise<void> {
  const declared = new Set(configured.map(({ id }) => id));
  const stored = (await clients.list()).filter(({ id }) => !declared.has(id));
  ctx.body = [...configured, ...stored].map(view);
}

/** The path's last segment. IDs hold no character that a URL must encode. */
const idOf = (ctx: Context): string => ctx.path.slice('/clients/'.length);

async function find(id: string, { configured, clients }: ClientsApiParts): Promise<StoredClient> {
  const client = configured.find((one) => one.id === id) ?? (await clients.find(id));
  if (client) return client;
  throw answer(404, 'not_found', 'client not found');
}

/** As tsidp shows a client, without a secret: nobody can have it a second time. */
function view({ id, metadata, createdAt }: StoredClient): Record<string, unknown> {
  const uris = Array.isArray(metadata['redirect_uris']) ? metadata['redirect_uris'] : [];
  return {
    client_id: id,
    client_name: metadata['client_name'],
    redirect_uris: uris,
    created_at: new Date(createdAt * 1000).toISOString(),
    // for older programs
    redirect_uri: uris[0] ?? '',
  };
}

async function add(
  ctx: Context,
  form: Parameters,
  administrator: Administrator,
  { settings, clients, secretKey }: ClientsApiParts,
): Promise<void> {
  const secret = generateSecret();
  const metadata = declare(form, secret);
  const at = settings.clock.nowSeconds();
  const client: StoredClient = {
    // as tsidp makes them
    id: randomBytes(16).toString('hex'),
    metadata,
    secretVerifier: hashGenerated(secret, secretKey),
    source: 'admin',
    createdAt: at,
    updatedAt: at,
  };
  await clients.save(client);
  record(settings, administrator, client.id, 'add');
  const { client_id, ...rest } = view(client);
  ctx.body = { client_id, client_secret: secret, ...rest };
}

/** The metadata of what the form asks for. @throws errors.OIDCProviderError 400 with every reason */
function declare(form: Parameters, secret: string): StoredClient['metadata'] {
  const { name, redirect_uri: uris } = form;
  if (!name || !uris) {
    throw answer(400, 'invalid_request', 'missing redirect_uri or name');
  }
  const declared = clientSchema.safeParse({
    id: 'new',
    name,
    secret,
    // one a line, as tsidp's form has them
    redirectUris: [uris].flat().flatMap((text) =>
      text
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean),
    ),
  });
  if (declared.success) return clientFromConfig(toClient(declared.data, undefined));
  const reasons = schemaProblems(declared.error).map(
    ({ path, text }) => `${path[0] === 'name' ? 'name' : 'redirect_uri'} ${text}`,
  );
  throw answer(400, 'invalid_request', reasons.join('; '));
}

async function remove(
  ctx: Context,
  { id, source }: StoredClient,
  administrator: Administrator,
  { settings, clients, secrets }: ClientsApiParts,
): Promise<void> {
  if (source === 'config') {
    throw answer(
      409,
      'invalid_request',
      'this client is declared in the configuration file: change it there',
    );
  }
  if (!(await clients.remove(id))) throw answer(404, 'not_found', 'client not found');
  secrets.forget(id);
  record(settings, administrator, id, 'remove');
  ctx.status = 204;
}

function record(
  { audit, clock }: ProviderSettings,
  { detail, ...who }: Administrator,
  client: string,
  action: string,
): void {
  const at = clock.nowSeconds();
  audit.append({ at, event: 'client', ...who, client, detail: { ...detail, action } });
}

function answer(status: number, error: string, description: string): errors.OIDCProviderError {
  const made = new errors.CustomOIDCProviderError(error, oauthText(description));
  return Object.assign(made, { status, statusCode: status });
}
