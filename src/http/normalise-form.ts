import { parse, stringify } from 'node:querystring';
import type { Context } from 'koa';
import { factsOf } from '../access/request.ts';
import {
  emptyBasicId,
  normaliseAuthorization,
  normaliseBasic,
  normaliseToken,
  type Vocabulary,
} from '../engine/normalise.ts';
import { markOmittedRedirect } from '../engine/omitted-redirect.ts';
import { referStructured } from '../engine/structured-tokens.ts';
import { presentPeer } from '../flows/machine/peer-authentication.ts';
import { isDocumentId } from '../protocol/document-id.ts';
import type { Parameters } from '../protocol/parameters.ts';
import { readBody, replayBody } from './body.ts';
import type { Route } from './exposure.ts';
import type { AppParts } from './parts.ts';

type Normalise = (
  parameters: Parameters,
  ctx: Context,
  vocabulary: Vocabulary,
  parts: AppParts,
) => void | Promise<void>;

const token: Normalise = async (parameters, ctx, vocabulary, { registry }) => {
  await presentPeer(ctx, parameters, registry);
  normaliseToken(parameters, vocabulary);
  markOmittedRedirect(parameters);
};
const authorization: Normalise = async (parameters, ctx, vocabulary, { registry }) => {
  await presentPeer(ctx, parameters, registry);
  normaliseAuthorization(parameters, vocabulary);
};
const presented: Normalise = async (parameters, ctx, _vocabulary, { registry }) => {
  await presentPeer(ctx, parameters, registry);
  referStructured(parameters, factsOf(ctx));
};

/** Endpoints whose forms are made into what the standards ask for. */
const byPath: Readonly<Record<string, Normalise>> = {
  '/token': token,
  '/request': authorization,
  '/device_authorization': authorization,
  '/introspect': presented,
  '/revoke': presented,
};

/** Makes what clients send to an API endpoint into what oidc-provider reads: credentials and form. */
export async function normaliseForm(
  ctx: Context,
  route: Route,
  parts: AppParts,
  vocabulary: Vocabulary,
): Promise<void> {
  if (ctx.method !== 'POST') return;
  const { authorization: header } = ctx.req.headers;
  const basic = header === undefined ? undefined : normaliseBasic(header);
  if (basic !== undefined) ctx.req.headers.authorization = basic;
  if (!ctx.is('application/x-www-form-urlencoded')) return;
  const body = await readBody(ctx.req, parts.bodyLimitBytes);
  const normalise = byPath[route.path];
  if (!normalise) return replayBody(ctx.req, body);
  const parameters: Parameters = parse(body.toString('utf8'));
  await takeEmptyBasic(ctx, parameters, parts.registry);
  await normalise(parameters, ctx, vocabulary, parts);
  replayBody(ctx.req, Buffer.from(stringify(parameters)));
}

/** `Basic id:` of a public client names it, as `client_id` does. Others are told which credentials they lack. */
async function takeEmptyBasic(
  ctx: Context,
  parameters: Parameters,
  registry: AppParts['registry'],
): Promise<void> {
  const id = emptyBasicId(ctx.req.headers.authorization ?? '');
  if (id === undefined || (parameters['client_id'] ?? id) !== id) return;
  const client = await registry.find(id);
  const isPublic = client?.metadata['token_endpoint_auth_method'] === 'none';
  // the registry knows none that are metadata documents, and no such client has a secret
  if (!isPublic && !(client === undefined && isDocumentId(id))) return;
  delete ctx.req.headers.authorization;
  parameters['client_id'] = id;
}
