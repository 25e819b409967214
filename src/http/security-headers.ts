import type { Context } from 'koa';
import type { RouteKind } from './exposure.ts';
import { styleHash } from './pages/layout.ts';

/**
 * Pages load nothing, run no script of ours and stand in no frame (T17, T26). `script-src` is there for the two
 * self-submitting forms of oidc-provider, which adds the hash of its own line to it.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src '${styleHash}'`,
  "script-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function setSecurityHeaders(ctx: Context, kind: RouteKind, https: boolean): void {
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('Referrer-Policy', 'no-referrer');
  if (https) ctx.set('Strict-Transport-Security', 'max-age=31536000');
  if (kind === 'page') {
    ctx.set('Content-Security-Policy', contentSecurityPolicy);
    ctx.set('X-Frame-Options', 'DENY');
    ctx.set('Cross-Origin-Opener-Policy', 'same-origin');
  }
  // RFC 6749 5.1; metadata may be kept for a while, the keys not longer than a rotation takes
  ctx.set('Cache-Control', kind === 'metadata' ? 'public, max-age=300' : 'no-store');
}
