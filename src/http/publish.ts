import type { Context } from 'koa';
import { completeMetadata, keysOf } from '../access/published.ts';
import type { AppParts } from './parts.ts';
import { showsRegistration } from './route.ts';

/** Metadata say what there is here, and send nobody to an endpoint that this listener does not have. */
export function publishMetadata(
  ctx: Context,
  { entrance, settings, setClaims }: Pick<AppParts, 'entrance' | 'settings' | 'setClaims'>,
): void {
  const { body } = ctx;
  if (!isObject(body)) return;
  if (!showsRegistration(entrance.exposure(ctx.req), settings.registration.mode)) {
    delete body['registration_endpoint'];
  }
  completeMetadata(body, setClaims);
}

/** Of keys only those that something is signed with. */
export async function publishKeys(
  ctx: Context,
  { algorithms }: Pick<AppParts, 'algorithms'>,
): Promise<void> {
  const { body } = ctx;
  if (isObject(body) && 'keys' in body) ctx.body = keysOf(body as never, await algorithms.now());
}

/** Not so the answer to a preflight. */
function isObject(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null;
}
