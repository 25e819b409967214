import type { Context } from 'koa';
import { retryAfterSeconds } from '../provider/errors.ts';
import type { AppParts } from './parts.ts';

/** The process lives. */
export function answerHealth(ctx: Context): void {
  ctx.body = { status: 'ok' };
}

/** Logins work: tailscaled answers, is in its tailnet and knows it well enough, and we are not turning requests away. */
export function answerReadiness(
  ctx: Context,
  { status, load, settings, staleNetworkMapSeconds }: AppParts,
): void {
  const node = status.current();
  const failure = status.failure();
  const isIn = !failure && node?.backendState === 'Running';
  const isStale = isIn && status.staleSeconds() > staleNetworkMapSeconds;
  const problems = [
    ...(failure ? [`tailscaled: ${failure.message}`] : []),
    ...(node ? [] : ['tailscaled has not answered yet']),
    ...(node && node.backendState !== 'Running' ? [`tailscaled is ${node.backendState}`] : []),
    ...(isStale ? ['tailscaled lost contact with the control server too long ago'] : []),
    ...(load.shedding ? ['too many requests at once, or shutting down'] : []),
  ];
  ctx.status = problems.length === 0 ? 200 : 503;
  if (problems.length > 0) ctx.set('Retry-After', String(retryAfterSeconds));
  ctx.body = {
    status: problems.length === 0 ? 'ready' : 'not ready',
    problems,
    issuer: settings.issuer,
    staleSeconds: Number.isFinite(status.staleSeconds()) ? status.staleSeconds() : null,
  };
}
