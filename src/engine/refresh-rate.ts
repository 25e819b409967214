import type { KoaContextWithOIDC } from 'oidc-provider';
import { tryLater } from '../access/errors.ts';
import type { ProviderSettings } from '../access/settings.ts';

/**
 * Bounds how often a login is refreshed: each time leaves rows and an audit record (T39). Called where oidc-provider
 * asks whether to rotate: all checks are passed, a replay was found, and nothing is written or signed yet, so a token
 * that is refused works after the wait.
 * @throws errors.TemporarilyUnavailable 429 with Retry-After
 */
export function takeRefresh(ctx: KoaContextWithOIDC, { tokenLimit }: ProviderSettings): void {
  const { RefreshToken: token } = ctx.oidc.entities;
  if (!token) return;
  const { grantId = '', clientId = '', accountId: subject } = token;
  const wait = tokenLimit.takeRefresh({ grantId, clientId, subject });
  if (wait > 0) throw tryLater(ctx, wait, 'this login was refreshed too often');
}
