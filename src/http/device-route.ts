import { parse } from 'node:querystring';
import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import { runProvider } from '../engine/run-provider.ts';
import { enterDevicePage } from '../flows/device/device-entry.ts';
import { takeFirstPage } from '../flows/login/visitor.ts';
import { readBody, replayBody } from './body.ts';
import type { AppParts } from './parts.ts';

/**
 * `/device`, where a person enters the code of a device and allows it (RFC 8628 3.3).
 * @throws errors.InvalidRequest when the body is no form; whatever `enterDevicePage` refuses
 */
export async function answerDevicePage(
  ctx: Context,
  parts: Pick<AppParts, 'provider' | 'settings' | 'bodyLimitBytes'>,
): Promise<void> {
  const site = { provider: parts.provider(), settings: parts.settings };
  const run = (same: Context) => runProvider(site.provider, same);
  await takeFirstPage(ctx, site.provider, site.settings);
  if (ctx.method !== 'POST') return enterDevicePage(ctx, undefined, site, run);
  if (!ctx.is('application/x-www-form-urlencoded')) {
    throw new errors.InvalidRequest('the body must be application/x-www-form-urlencoded');
  }
  const body = await readBody(ctx.req, parts.bodyLimitBytes);
  replayBody(ctx.req, body);
  return enterDevicePage(ctx, parse(body.toString('utf8')), site, run);
}
