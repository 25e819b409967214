import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import { errors, type Interaction, type InteractionResults } from 'oidc-provider';
import { subjectOf } from '../identity/subject.ts';
import { acrTailnet } from './assurance.ts';
import { refusalError } from './errors.ts';
import type { ConfirmPage } from './pages.ts';
import { formActionSource, redirectHost } from './redirect-uri.ts';
import { allowFormAction, personOf } from './render.ts';
import { factsOf } from './request.ts';
import type { ProviderSettings } from './settings.ts';

/** The page "Continue as … to …": the one page for every reason to show one. */
export async function showInteraction(
  ctx: Context,
  provider: Provider,
  settings: ProviderSettings,
): Promise<void> {
  const { interaction } = await begun(ctx, provider);
  const client = await provider.Client.find(String(interaction.params['client_id']));
  const person = await personOf(factsOf(ctx));
  if (!client || !person) throw expired();
  const target = String(interaction.params['redirect_uri']);
  allowFormAction(ctx, formActionSource(target));
  const page: ConfirmPage = {
    person,
    clientName: client.clientName ?? client.clientId,
    redirectHost: redirectHost(target),
    action: ctx.path,
    why: interaction.prompt.reasons,
    scopes: String(interaction.params['scope'] ?? '').split(' '),
  };
  ctx.type = 'html';
  ctx.body = settings.pages.confirm(page);
}

/**
 * The button. Where it leads oidc-provider asks for the peer again; the answer here only says that somebody at
 * this device clicked.
 */
export async function finishInteraction(
  ctx: Context,
  provider: Provider,
  settings: ProviderSettings,
  action: unknown,
): Promise<void> {
  const { interaction, subject } = await begun(ctx, provider);
  if (action !== 'continue' && action !== 'cancel') {
    throw new errors.InvalidRequest('the form must be sent with action=continue or action=cancel');
  }
  const client = await provider.Client.find(String(interaction.params['client_id']));
  if (client) {
    allowFormAction(ctx, formActionSource(String(interaction.params['redirect_uri'])));
  }
  const login = interaction.prompt.name === 'login';
  const result: InteractionResults =
    action === 'cancel'
      ? { error: 'access_denied', error_description: 'the person chose not to log in' }
      : {
          ...(login
            ? { login: { accountId: subject, ts: settings.clock.nowSeconds(), acr: acrTailnet } }
            : {}),
          consent: {},
          select_account: {},
        };
  const returnTo = await provider.interactionResult(ctx.req, ctx.res, result);
  ctx.status = 303;
  ctx.redirect(returnTo);
}

/** The interaction of this browser and URL, if the peer is the one that it began with (T32). */
async function begun(
  ctx: Context,
  provider: Provider,
): Promise<{ interaction: Interaction; subject: string }> {
  const identified = await factsOf(ctx).identify();
  if (!identified.ok) throw refusalError(identified.refusal, false);
  const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch((cause) => {
    if (cause instanceof errors.SessionNotFound) throw expired();
    throw cause;
  });
  if (ctx.path !== `/interaction/${interaction.uid}`) throw expired();
  const subject = subjectOf(identified.identity);
  requireOwner(interaction, subject);
  return { interaction, subject };
}

/**
 * Before oidc-provider resumes a login: only the peer that it belongs to may go on. oidc-provider notices too, but
 * has by then used up the page and given the session in the cookie to somebody else (T32).
 * @throws errors.InvalidRequest, errors.AccessDenied, errors.TemporarilyUnavailable
 */
export async function requireOwnLogin(ctx: Context, provider: Provider): Promise<void> {
  const uid = ctx.cookies.get(provider.cookieName('resume'));
  const interaction = uid ? await provider.Interaction.find(uid) : undefined;
  // oidc-provider has the words for these
  if (!interaction) return;
  const identified = await factsOf(ctx).identify();
  if (!identified.ok) throw refusalError(identified.refusal, false);
  requireOwner(interaction, subjectOf(identified.identity));
}

/** @throws errors.InvalidRequest 403 when session or click of this interaction are another's */
function requireOwner({ session, result }: Interaction, subject: string): void {
  const owners = [session?.accountId, result?.login?.accountId];
  if (owners.some((owner) => owner !== undefined && owner !== subject)) {
    // not `access_denied`: who asks may well enter this app, by a login of their own
    throw new errors.InvalidRequest('this login was begun by another person or device', 403);
  }
}

function expired(): errors.InvalidRequest {
  return new errors.InvalidRequest(
    'this login has expired or was finished already: go back to the app and log in again',
    410,
  );
}
