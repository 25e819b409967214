import type { Context } from 'koa';

/**
 * Did a web page send this, and not one of ours? Where the connection says who somebody is, it says nothing of the
 * page that they look at (T33). All nodes under one tailnet name are same-site to each other.
 */
export function isFromWebPage({ req }: Pick<Context, 'req'>): boolean {
  const { origin, 'sec-fetch-site': site = 'none' } = req.headers;
  return origin !== undefined || (site !== 'none' && site !== 'same-origin');
}
