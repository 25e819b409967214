import type { Context } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { requireLengths } from '../access/parameter-lengths.ts';
import { allowFormAction } from '../engine/render.ts';
import { runProvider } from '../engine/run-provider.ts';
import { takeFirstPage } from '../flows/login/visitor.ts';
import { confirmLogout, dropOthersSession } from '../flows/logout/leaving.ts';
import { formActionSource } from '../protocol/redirect-uri.ts';
import { asGet } from './body.ts';
import type { AppParts } from './parts.ts';

type LogoutParts = Pick<AppParts, 'provider' | 'settings' | 'bodyLimitBytes'>;

/** `/logout`: oidc-provider shows the page that asks, or one that leads back at once where there is no session. */
export async function answerLogout(ctx: Context, parts: LogoutParts): Promise<void> {
  const { provider, settings, bodyLimitBytes } = parts;
  await asGet(ctx, bodyLimitBytes);
  requireLengths(ctx.query);
  await dropOthersSession(ctx, provider());
  await takeFirstPage(ctx, provider(), settings);
  await runProvider(provider(), ctx);
  const { session } = (ctx as KoaContextWithOIDC).oidc ?? {};
  const target = session?.state?.['postLogoutRedirectUri'];
  // that form leads to the app; oidc-provider has checked where
  if (typeof target === 'string') allowFormAction(ctx, formActionSource(target));
}

/** `/logout/confirm`: its button. */
export function answerLogoutConfirm(
  ctx: Context,
  { provider, settings }: LogoutParts,
): Promise<void> {
  return confirmLogout(ctx, provider(), settings, (same) => runProvider(provider(), same));
}
