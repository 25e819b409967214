import type { Context } from 'koa';

/** The last segment of the path: a client's ID, which may be a URL, encoded. */
export function idInPath(ctx: Pick<Context, 'path'>): string {
  const segment = ctx.path.slice(ctx.path.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
