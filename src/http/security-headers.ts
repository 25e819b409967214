import type { Context } from 'koa';
import { styleHash } from '../pages/layout.ts';
import type { RouteKind } from './identify/entrance.ts';

/**
 * Pages load nothing, run no script of ours and stand in no frame (T17, T26). The empty `script-src` is for the
 * self-submitting forms of oidc-provider, which adds the hash of its own line to it. There is no opener policy,
 * because apps that log in through a popup need the window that opened it.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src '${styleHash}'`,
  'script-src',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function setSecurityHeaders(ctx: Context, kind: RouteKind, https: boolean): void {
  ctx.set('X-Content-Type-Options', 'nosniff');
  // not `no-referrer`: browsers would then send our own forms with `Origin: null`
  ctx.set('Referrer-Policy', 'same-origin');
  if (https) ctx.set('Strict-Transport-Security', 'max-age=31536000');
  if (kind === 'page') {
    ctx.set('Content-Security-Policy', contentSecurityPolicy);
    ctx.set('X-Frame-Options', 'DENY');
  }
  // the same for every caller, so that a cache can't hand one origin's answer to another; preflights are not cached
  if (kind === 'metadata' && ctx.method !== 'OPTIONS') ctx.set('Access-Control-Allow-Origin', '*');
  // RFC 6749 5.1; metadata may be kept for a while, the keys not longer than a rotation takes
  ctx.set('Cache-Control', kind === 'metadata' ? 'public, max-age=300' : 'no-store');
}
