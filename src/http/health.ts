import type { Context } from 'koa';
import { retryAfterSeconds } from '../access/errors.ts';
import { neverConnected } from '../peer/control-watch.ts';
import type { AppParts } from './parts.ts';

/** The process lives. */
export function answerHealth(ctx: Context): void {
  ctx.body = { status: 'ok' };
}

/**
 * Logins work: tailscaled answers, is in its tailnet and knows it well enough, what a login writes can be stored, and
 * we are not turning requests away (T43).
 */
export async function answerReadiness(
  ctx: Context,
  { status, load, settings, staleNetworkMapSeconds, storeHealth, tally }: AppParts,
): Promise<void> {
  const database = await storeHealth.problem();
  const node = status.current();
  const failure = status.failure();
  const isIn = !failure && node?.backendState === 'Running';
  const isStale = isIn && status.staleSeconds() > staleNetworkMapSeconds;
  const problems = [
    ...(failure ? [`tailscaled: ${failure.message}`] : []),
    ...(node ? [] : ['tailscaled has not answered yet']),
    ...(node && node.backendState !== 'Running' ? [`tailscaled is ${node.backendState}`] : []),
    ...(isStale ? [staleProblem(status.staleSeconds(), staleNetworkMapSeconds)] : []),
    ...(database === undefined ? [] : [database]),
    ...(load.shedding ? ['too many requests at once, or shutting down'] : []),
  ];
  ctx.status = problems.length === 0 ? 200 : 503;
  if (problems.length > 0) ctx.set('Retry-After', String(retryAfterSeconds));
  ctx.body = {
    status: problems.length === 0 ? 'ready' : 'not ready',
    problems,
    issuer: settings.issuer,
    // since the start; nobody else suffers from it
    dropped: tally.drops(),
    staleSeconds: Number.isFinite(status.staleSeconds()) ? status.staleSeconds() : null,
  };
}

function staleProblem(staleSeconds: number, limitSeconds: number): string {
  if (!Number.isFinite(staleSeconds)) return neverConnected;
  return `tailscaled lost contact with the control server too long ago: ${Math.floor(staleSeconds)} s, and staleNetworkMapSeconds is ${limitSeconds}`;
}
