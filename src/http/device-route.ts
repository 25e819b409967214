import { parse } from 'node:querystring';
import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import { enterDevicePage } from '../flows/device/device-entry.ts';
import { readBody, replayBody } from './body.ts';
import type { AppParts } from './parts.ts';

/**
 * `/device`, where a person enters the code of a device and allows it (RFC 8628 3.3).
 * @throws errors.InvalidRequest when the body is no form; whatever `enterDevicePage` refuses
 */
export async function answerDevicePage(
  ctx: Context,
  parts: AppParts,
  run: (ctx: Context) => Promise<void>,
): Promise<void> {
  const site = { provider: parts.provider(), settings: parts.settings };
  if (ctx.method !== 'POST') return enterDevicePage(ctx, undefined, site, run);
  if (!ctx.is('application/x-www-form-urlencoded')) {
    throw new errors.InvalidRequest('the body must be application/x-www-form-urlencoded');
  }
  const body = await readBody(ctx.req, parts.bodyLimitBytes);
  replayBody(ctx.req, body);
  return enterDevicePage(ctx, parse(body.toString('utf8')), site, run);
}
