import type { IncomingMessage } from 'node:http';
import { parse, stringify } from 'node:querystring';
import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import type { Parameters } from '../protocol/parameters.ts';

/**
 * Reads a request's body.
 * @throws errors.InvalidRequest 413 when it is larger than `limitBytes`, 400 when it broke off
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limitBytes) throw tooLarge(limitBytes);
  const chunks: Buffer[] = [];
  let received = 0;
  try {
    // the stream must live on after an early end, or the answer would never reach the client
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      received += chunk.length;
      if (received > limitBytes) throw tooLarge(limitBytes);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof errors.InvalidRequest) throw cause;
    const error = new errors.InvalidRequest('the request body broke off');
    error.cause = cause;
    throw error;
  }
  return Buffer.concat(chunks, received);
}

function tooLarge(limitBytes: number): errors.InvalidRequest {
  return new errors.InvalidRequest(`the request body is larger than ${limitBytes} bytes`, 413);
}

/** @throws errors.InvalidRequest when the body is no form */
export async function readForm(ctx: Context, limitBytes: number): Promise<Parameters> {
  if (!ctx.is('application/x-www-form-urlencoded')) {
    throw new errors.InvalidRequest('the body must be application/x-www-form-urlencoded');
  }
  return parse((await readBody(ctx.req, limitBytes)).toString('utf8'));
}

/**
 * A POST to the authorization or logout endpoint means the same as a GET with its form as query (OpenID Connect
 * Core 3.1.2.1, RP-Initiated Logout 2). oidc-provider's own switch for it ties the session cookie to
 * `SameSite=None`, which browsers refuse over plain HTTP.
 */
export async function asGet(ctx: Context, limitBytes: number): Promise<void> {
  if (ctx.method !== 'POST') return;
  const parameters = await readForm(ctx, limitBytes);
  ctx.method = 'GET';
  delete ctx.req.headers['content-type'];
  delete ctx.req.headers['content-length'];
  ctx.querystring = stringify(parameters);
}

/**
 * Puts a (normalised) body back, for oidc-provider to read. It reads the request's own stream and takes a body
 * that somebody parsed before it only with a warning; so the stream's reading end is replaced.
 */
export function replayBody(request: IncomingMessage, body: Buffer): void {
  request.headers['content-length'] = String(body.length);
  delete request.headers['transfer-encoding'];
  Object.defineProperties(request, {
    readable: { value: true, configurable: true },
    iterator: { value: () => [body], configurable: true },
  });
}
