import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import type { ProviderSettings } from '../access/settings.ts';
import { type Admit, createAdmission } from '../clients/registration/registrant.ts';
import { finishRegistration, setRegistrant } from '../clients/registration/registration.ts';
import { hashGenerated } from '../clients/secrets.ts';
import { runProvider } from '../engine/run-provider.ts';
import { normaliseRegistration, normaliseUpdate } from '../protocol/normalise-registration.ts';
import { readBody, replayBody } from './body.ts';
import type { Entrance, ListenerKind } from './identify/entrance.ts';
import { idInPath } from './path-id.ts';

/** What is asked before oidc-provider answers. All listeners have one together, as it counts. */
export interface RegistrationApi {
  /** `/register` (RFC 7591) */
  register(ctx: Context, at: RegistrationPlace): Promise<void>;
  /** `/register/{id}` (RFC 7592) */
  manage(ctx: Context, at: Pick<RegistrationPlace, 'provider'>): Promise<void>;
}

export interface RegistrationPlace {
  readonly entrance: Pick<Entrance, 'exposure'>;
  readonly provider: () => Provider;
}

type At = RegistrationPlace & { readonly registrationApi: RegistrationApi };

export const answerRegister = (ctx: Context, at: At): Promise<void> =>
  at.registrationApi.register(ctx, at);

export const answerRegistered = (ctx: Context, at: At): Promise<void> =>
  at.registrationApi.manage(ctx, at);

export interface RegistrationApiParts {
  readonly settings: ProviderSettings;
  /** The stored key of purpose `client-secret`. */
  readonly secretKey: Buffer;
  readonly bodyLimitBytes: number;
}

/** Metadata of a client with all that it may hold is below 32 KiB, but for URIs of absurd length. */
const maxBodyBytes = 32_768;

export function createRegistrationApi(parts: RegistrationApiParts): RegistrationApi {
  const { settings, secretKey } = parts;
  const admit = createAdmission(settings);
  const bodyLimitBytes = Math.min(parts.bodyLimitBytes, maxBodyBytes);
  const prepareUpdate = async (ctx: Context, provider: Provider): Promise<void> => {
    // without the token nothing is read (T37): oidc-provider refuses it before it looks at the body
    if (!(await holdsToken(ctx, provider))) return replayJson(ctx, {});
    const verifierOf = (secret: string): string => hashGenerated(secret, secretKey);
    replayJson(ctx, normaliseUpdate(await readJson(ctx, bodyLimitBytes), verifierOf));
  };
  return {
    async register(ctx, { entrance, provider }) {
      allowEveryOrigin(ctx);
      if (ctx.method === 'OPTIONS') {
        ctx.status = 204;
        return;
      }
      await prepare(ctx, entrance.exposure(ctx.req), admit, bodyLimitBytes);
      await runProvider(provider(), ctx);
      finishRegistration(ctx);
    },
    async manage(ctx, { provider }) {
      if (ctx.method === 'PUT') await prepareUpdate(ctx, provider());
      await runProvider(provider(), ctx);
      finishRegistration(ctx);
    },
  };
}

/** Does the request carry the token with which this client was registered (RFC 7592 section 3)? */
async function holdsToken(ctx: Context, provider: Provider): Promise<boolean> {
  const [, token] = /^Bearer +([\w~.+/=-]{1,512})$/i.exec(ctx.get('Authorization')) ?? [];
  if (token === undefined) return false;
  const found = await provider.RegistrationAccessToken.find(token);
  return found?.clientId === idInPath(ctx);
}

async function prepare(
  ctx: Context,
  listener: ListenerKind,
  admit: Admit,
  bodyLimitBytes: number,
): Promise<void> {
  setRegistrant(ctx, await admit(ctx, listener));
  replayJson(ctx, normaliseRegistration(await readJson(ctx, bodyLimitBytes)));
}

/**
 * MCP clients in a browser register from any origin. What that gives a page is a client ID with which nobody gets
 * anything without a person's consent (`docs/design.md`).
 */
function allowEveryOrigin(ctx: Context): void {
  ctx.set('Access-Control-Allow-Origin', '*');
  ctx.set('Access-Control-Expose-Headers', 'WWW-Authenticate, Retry-After');
  if (ctx.method !== 'OPTIONS') return;
  ctx.set('Access-Control-Allow-Methods', 'POST');
  ctx.set('Access-Control-Allow-Headers', allowedHeaders);
  ctx.set('Access-Control-Max-Age', '3600');
}

const allowedHeaders = 'accept, authorization, content-type, mcp-protocol-version';

/** @throws errors.InvalidClientMetadata 413 when it is too large, 400 when it is not JSON */
async function readJson(ctx: Context, limitBytes: number): Promise<unknown> {
  // another type would spare a web page the question whether it may (CORS)
  if (!ctx.is('application/json')) {
    throw new errors.InvalidClientMetadata('the body must be application/json (RFC 7591 3.1)');
  }
  try {
    return JSON.parse((await readBody(ctx.req, limitBytes)).toString('utf8'));
  } catch (cause) {
    const status = cause instanceof errors.OIDCProviderError ? cause.statusCode : 400;
    const description =
      cause instanceof errors.OIDCProviderError ? cause.error_description : 'the body is not JSON';
    const error = new errors.InvalidClientMetadata(description ?? 'the body cannot be read');
    throw Object.assign(error, { status, statusCode: status, cause });
  }
}

function replayJson(ctx: Context, body: Record<string, unknown>): void {
  ctx.req.headers['content-type'] = 'application/json';
  replayBody(ctx.req, Buffer.from(JSON.stringify(body)));
}
