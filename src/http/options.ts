import type { Context } from 'koa';
import { allowOf, type Route } from './route.ts';

/** Not the question of a browser whether a page may (CORS), which oidc-provider and `/register` answer. */
export function isPlainOptions({ method, req: { headers } }: Context): boolean {
  const isPreflight =
    headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
  return method === 'OPTIONS' && !isPreflight;
}

/** RFC 9110 9.3.7 */
export function answerOptions(ctx: Context, { methods }: Route): void {
  ctx.status = 204;
  ctx.set('Allow', allowOf(methods));
}
