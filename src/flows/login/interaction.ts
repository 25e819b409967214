import type { Context } from 'koa';
import Provider, {
  type Client,
  errors,
  type Interaction,
  type InteractionResults,
} from 'oidc-provider';
import { questionOf } from '../../access/consent-question.ts';
import { refusalError } from '../../access/errors.ts';
import type { ConfirmPage } from '../../access/pages.ts';
import { factsOf } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { allowFormAction, personOf } from '../../engine/render.ts';
import type { Identity } from '../../identity/identity.ts';
import { subjectOf } from '../../identity/subject.ts';
import { acrTailnet } from '../../protocol/assurance.ts';
import type { Parameters } from '../../protocol/parameters.ts';
import { formActionSource, redirectHost } from '../../protocol/redirect-uri.ts';
import { consentAnswer, consentPage } from './consent-page.ts';

/** The one page for every reason to show one: "Continue as … to …", or the one about a client that came by itself. */
export async function showInteraction(
  ctx: Context,
  provider: Provider,
  settings: ProviderSettings,
): Promise<void> {
  const { interaction } = await begun(ctx, provider);
  const client = await clientOf(interaction, provider);
  const person = await personOf(factsOf(ctx));
  if (!person) throw expired();
  const target = String(interaction.params['redirect_uri']);
  allowFormAction(ctx, formActionSource(target));
  ctx.type = 'html';
  const question = questionOf(interaction);
  if (question) {
    ctx.body = await consentPage({ interaction, question, client }, person, settings);
    return;
  }
  const page: ConfirmPage = {
    person,
    clientName: client.clientName ?? client.clientId,
    redirectHost: redirectHost(target),
    action: ctx.path,
    why: interaction.prompt.reasons,
    scopes: String(interaction.params['scope'] ?? '').split(' '),
  };
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
  form: Parameters,
): Promise<void> {
  const { interaction, subject } = await begun(ctx, provider);
  const client = await clientOf(interaction, provider);
  allowFormAction(ctx, formActionSource(String(interaction.params['redirect_uri'])));
  const question = questionOf(interaction);
  const result = question
    ? await consentAnswer({ interaction, question, client }, form, settings)
    : confirmAnswer(interaction, subject, form, settings);
  const returnTo = await provider.interactionResult(ctx.req, ctx.res, result);
  ctx.status = 303;
  ctx.redirect(returnTo);
}

/**
 * The client as it is now. oidc-provider looks at the redirect URI when a login begins, not when it goes on (T08).
 * @throws errors.InvalidRequest 410 when the client, or its redirect URI of this login, is gone
 */
async function clientOf({ params }: Interaction, provider: Provider): Promise<Client> {
  const client = await provider.Client.find(String(params['client_id']));
  if (!client?.redirectUriAllowed(String(params['redirect_uri']))) throw expired();
  return client;
}

function confirmAnswer(
  { prompt }: Interaction,
  subject: string,
  { action }: Parameters,
  { clock }: ProviderSettings,
): InteractionResults {
  if (action !== 'continue' && action !== 'cancel') {
    throw new errors.InvalidRequest('the form must be sent with action=continue or action=cancel');
  }
  if (action === 'cancel') {
    return { error: 'access_denied', error_description: 'the person chose not to log in' };
  }
  const login = { accountId: subject, ts: clock.nowSeconds(), acr: acrTailnet };
  return { ...(prompt.name === 'login' ? { login } : {}), consent: {}, select_account: {} };
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
  requireOwner(interaction, identified.identity);
  return { interaction, subject: subjectOf(identified.identity) };
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
  requireOwner(interaction, identified.identity);
}

/**
 * @throws errors.InvalidRequest 403 when session or click of this interaction are another's, or what is asked for
 *   there is asked of another device
 */
function requireOwner(interaction: Interaction, identity: Identity): void {
  const { session, result } = interaction;
  const question = questionOf(interaction);
  const owners = [session?.accountId, result?.login?.accountId, question?.key.subject];
  const isOthers = owners.some((owner) => owner !== undefined && owner !== subjectOf(identity));
  if (isOthers || (question && question.device !== identity.node.stableId)) {
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
