import type { Context } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { normaliseAuthorization } from '../engine/normalise.ts';
import { allowFormAction } from '../engine/render.ts';
import { runProvider } from '../engine/run-provider.ts';
import { linkToDenied, showDenied } from '../flows/login/denied-page.ts';
import { finishInteraction, requireOwnLogin, showInteraction } from '../flows/login/interaction.ts';
import { showUntrusted } from '../flows/login/untrusted-redirect.ts';
import { formActionSource } from '../protocol/redirect-uri.ts';
import { asGet, readForm } from './body.ts';
import { vocabularyOf } from './normalise-form.ts';
import type { AppParts } from './parts.ts';

type LoginParts = Pick<AppParts, 'provider' | 'settings' | 'bodyLimitBytes'>;

/** `/authorize`. oidc-provider answers, between what apps send and what they are told. */
export async function answerAuthorize(ctx: Context, parts: LoginParts): Promise<void> {
  const { provider, settings, bodyLimitBytes } = parts;
  await asGet(ctx, bodyLimitBytes);
  normaliseAuthorization(ctx.query, vocabularyOf(settings));
  await runProvider(provider(), ctx);
  linkToDenied(ctx, settings.issuer);
  if (!(await showUntrusted(ctx, settings))) allowFormPost(ctx as KoaContextWithOIDC);
}

/** `/authorize/{uid}`, where a login goes on after a page. */
export async function answerResume(ctx: Context, parts: LoginParts): Promise<void> {
  const { provider, settings } = parts;
  await requireOwnLogin(ctx, provider());
  await runProvider(provider(), ctx);
  linkToDenied(ctx, settings.issuer);
  allowFormPost(ctx as KoaContextWithOIDC);
}

/** `/interaction/{uid}`: that page, and its button. */
export async function answerInteraction(ctx: Context, parts: LoginParts): Promise<void> {
  const { provider, settings, bodyLimitBytes } = parts;
  if (ctx.method !== 'POST') return showInteraction(ctx, provider(), settings);
  const form = await readForm(ctx, bodyLimitBytes);
  return finishInteraction(ctx, provider(), settings, form);
}

/** Where somebody reads why an app may not be entered. */
export function answerDenied(ctx: Context, { provider, settings }: LoginParts): Promise<void> {
  return showDenied(ctx, provider(), settings);
}

/** The form of `response_mode=form_post` leads to the app, whose URI is checked by then. */
function allowFormPost(ctx: KoaContextWithOIDC): void {
  const { client, params, redirectUriCheckPerformed } = ctx.oidc ?? {};
  if (params?.['response_mode'] !== 'form_post') return;
  const uri = String(params['redirect_uri']);
  // an error that comes before oidc-provider's check is sent there, too, if the client has it registered
  if (!redirectUriCheckPerformed && !client?.redirectUriAllowed(uri)) return;
  allowFormAction(ctx, formActionSource(uri));
}
