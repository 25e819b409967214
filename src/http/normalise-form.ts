import { parse, stringify } from 'node:querystring';
import type { Context } from 'koa';
import { factsOf } from '../access/request.ts';
import type { ProviderSettings } from '../access/settings.ts';
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
import { supportedScopes } from '../protocol/scope-claims.ts';
import { readBody, replayBody } from './body.ts';
import type { AppParts } from './parts.ts';

type FormParts = Pick<AppParts, 'registry' | 'settings' | 'bodyLimitBytes'>;

/** Makes the parameters of a form into what the standards ask for, in place. */
export type ChangeForm = (
  parameters: Parameters,
  ctx: Context,
  parts: FormParts,
) => void | Promise<void>;

/** Of the token endpoint. */
export const tokenForm: ChangeForm = async (parameters, ctx, { registry, settings }) => {
  await presentPeer(ctx, parameters, registry);
  normaliseToken(parameters, vocabularyOf(settings));
  markOmittedRedirect(parameters);
};

/** Of requests that an app's server begins a login with (RFC 9126, RFC 8628). */
export const authorizationForm: ChangeForm = async (parameters, ctx, { registry, settings }) => {
  await presentPeer(ctx, parameters, registry);
  normaliseAuthorization(parameters, vocabularyOf(settings));
};

/** Of endpoints that a token is presented to. */
export const presentedForm: ChangeForm = async (parameters, ctx, { registry }) => {
  await presentPeer(ctx, parameters, registry);
  referStructured(parameters, factsOf(ctx));
};

/** What a request may name here. */
export function vocabularyOf({ resources }: Pick<ProviderSettings, 'resources'>): Vocabulary {
  return { scopes: supportedScopes, resources };
}

/**
 * Makes what clients send to an API endpoint into what oidc-provider reads: credentials and form.
 * @param change undefined for forms that are taken as they are
 */
export async function normaliseForm(
  ctx: Context,
  change: ChangeForm | undefined,
  parts: FormParts,
): Promise<void> {
  if (ctx.method !== 'POST') return;
  const { authorization: header } = ctx.req.headers;
  const basic = header === undefined ? undefined : normaliseBasic(header);
  if (basic !== undefined) ctx.req.headers.authorization = basic;
  if (!ctx.is('application/x-www-form-urlencoded')) return;
  const body = await readBody(ctx.req, parts.bodyLimitBytes);
  if (!change) return replayBody(ctx.req, body);
  const parameters: Parameters = parse(body.toString('utf8'));
  await takeEmptyBasic(ctx, parameters, parts.registry);
  await change(parameters, ctx, parts);
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
