import { type ErrorOut, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { allowedPeer } from '../../access/allowed-peer.ts';
import { lifetimeOf } from '../../access/client-settings.ts';
import { requesterOf, requireHinted, shownNames } from '../../access/device-click.ts';
import type { DeviceRequester } from '../../access/device-facts.ts';
import { appOf } from '../../access/enter.ts';
import type { DeviceCodePage, DeviceOrigin, PagePerson } from '../../access/pages.ts';
import { factsOf } from '../../access/request.ts';
import { learnedScopes, requestedOf } from '../../access/requested.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { personOf, renderError } from '../../engine/render.ts';
import { logIn, replaceSession } from '../../engine/session.ts';
import { subjectOf } from '../../identity/subject.ts';
import { reasonOf, recordDeviceDenial } from './device-audit.ts';
import { devicePath } from './device-request.ts';
import { normalUserCode, shownUserCode } from './user-code.ts';

/** oidc-provider's own errors of this page, which it does not export; they are told apart by name. */
const problems: ReadonlyMap<string, DeviceCodePage['problem']> = new Map([
  ['NoCodeError', 'empty'],
  ['NotFoundError', 'unknown'],
  ['ExpiredError', 'expired'],
  ['AlreadyUsedError', 'used'],
]);

/** Its words for a form whose session has another secret by now, or none. */
const formGone: ReadonlySet<string | undefined> = new Set([
  'xsrf token invalid',
  'could not find device form details',
]);

/** `userCodeInputSource`: the page that asks for the code, and whatever went wrong behind it. */
export async function showCodePage(
  ctx: KoaContextWithOIDC,
  out: ErrorOut | undefined,
  error: Error | undefined,
  settings: ProviderSettings,
): Promise<void> {
  if (!error) {
    await takeSession(ctx, settings);
    return askForCode(ctx, { userCode: factsOf(ctx).device?.userCode }, settings);
  }
  if (error.name === 'AbortedError') return showAborted(ctx, error.cause, settings);
  const isOutdated =
    error instanceof errors.InvalidRequest && formGone.has(error.error_description);
  const problem = isOutdated ? 'outdated' : problems.get(error.name);
  if (problem === undefined) {
    return renderError(ctx, out ?? { error: 'server_error' }, error, settings);
  }
  if ((problem === 'outdated' || problem === 'used') && (await showAgain(ctx, settings))) return;
  const facts = factsOf(ctx);
  if (problem === 'outdated') facts.device = { ...facts.device, untried: true };
  if (problem === 'unknown') recordDeviceDenial(ctx, { reason: 'wrong user code' }, settings);
  const typed = ctx.oidc.params?.['user_code'];
  const userCode = typeof typed === 'string' ? shownUserCode(typed) : undefined;
  return askForCode(ctx, { userCode, problem }, settings);
}

/** `userCodeConfirmSource`: what is asked for, by whom; Allow and Deny. */
export async function showConfirmPage(
  ctx: KoaContextWithOIDC,
  userCode: string,
  settings: ProviderSettings,
): Promise<void> {
  const { deviceCode } = ctx.oidc;
  const identity = await allowedPeer(ctx, settings, false);
  requireHinted(ctx, subjectOf(identity));
  // from here on this is about what the device asked for, and no more about the form
  Object.assign(ctx.oidc, { params: { ...deviceCode?.params } });
  const requested = await requestedOf(ctx, settings);
  const client = clientOf(ctx);
  const app = appOf(client);
  ctx.type = 'html';
  ctx.body = settings.pages.deviceConfirm({
    person: await personHere(ctx),
    userCode,
    clientName: app.name,
    clientId: app.id,
    nameTrusted: app.nameTrusted,
    origin: originOf(requesterOf(ctx), subjectOf(identity)),
    scopes: learnedScopes(requested, settings),
    resources: requested.resources,
    shown: shownNames(requested.resources),
    renewsSeconds: client.grantTypeAllowed('refresh_token')
      ? lifetimeOf('refreshAbsoluteSeconds', client, settings)
      : 0,
    action: devicePath,
    xsrf: secretOf(ctx),
  });
}

/** `successSource` */
export async function showAllowed(
  ctx: KoaContextWithOIDC,
  settings: ProviderSettings,
): Promise<void> {
  await showDone(ctx, true, settings);
}

async function showDone(
  ctx: KoaContextWithOIDC,
  allowed: boolean,
  settings: ProviderSettings,
): Promise<void> {
  const { provider, client, deviceCode } = ctx.oidc;
  const known = client ?? (await provider.Client.find(deviceCode?.clientId ?? ''));
  ctx.status = 200;
  ctx.type = 'html';
  ctx.body = settings.pages.deviceDone({
    allowed,
    clientName: known && appOf(known).nameTrusted ? appOf(known).name : known?.clientId,
  });
}

/** Deny was pressed, or policy changed its mind between the page and Allow. */
async function showAborted(
  ctx: KoaContextWithOIDC,
  cause: unknown,
  settings: ProviderSettings,
): Promise<void> {
  if (!(cause instanceof errors.OIDCProviderError)) {
    recordDeviceDenial(ctx, { reason: 'the person chose Deny' }, settings);
    return showDone(ctx, false, settings);
  }
  recordDeviceDenial(ctx, reasonOf(cause), settings);
  const { error, error_description: description } = cause;
  ctx.status = cause.statusCode;
  return renderError(ctx, { error, error_description: description }, cause, settings);
}

/** A second click on the same button gets the first one's answer. */
async function showAgain(ctx: KoaContextWithOIDC, settings: ProviderSettings): Promise<boolean> {
  const { provider, params, session } = ctx.oidc;
  const { confirm, user_code: typed } = params ?? {};
  if (confirm === undefined || typeof typed !== 'string') return false;
  const code = await provider.DeviceCode.findByUserCode(normalUserCode(typed));
  if (code?.accountId === undefined || code.accountId !== session?.accountId) return false;
  ctx.oidc.entity('DeviceCode', code);
  await showDone(ctx, true, settings);
  return true;
}

async function askForCode(
  ctx: KoaContextWithOIDC,
  { userCode, problem }: Partial<Pick<DeviceCodePage, 'userCode' | 'problem'>>,
  { pages }: ProviderSettings,
): Promise<void> {
  ctx.type = 'html';
  ctx.body = pages.deviceCode({
    person: await personHere(ctx),
    userCode,
    problem,
    action: devicePath,
    xsrf: secretOf(ctx),
  });
}

/**
 * Makes the browser's session the peer's, as the clickless login does: what was allowed ends with it, and another
 * peer's cookie speaks for nobody (T32).
 */
async function takeSession(ctx: KoaContextWithOIDC, settings: ProviderSettings): Promise<void> {
  const identified = await factsOf(ctx).identify();
  if (!identified.ok) throw new Error('a device page without an identified peer');
  const subject = subjectOf(identified.identity);
  const owner = ctx.oidc.session?.accountId;
  if (owner === subject) return;
  const state = ctx.oidc.session?.state;
  if (owner !== undefined) replaceSession(ctx, ctx.oidc.provider);
  const { session } = ctx.oidc;
  if (!session) return;
  logIn(session, subject, settings);
  // the form's secret, which oidc-provider has just made
  session.state = state;
}

function originOf(requester: DeviceRequester, subject: string): DeviceOrigin {
  const { login, device, tags = [], address, userAgent } = requester;
  const own = requester.subject === subject;
  return { own, login, device, tags, address, userAgent };
}

async function personHere(ctx: KoaContextWithOIDC): Promise<PagePerson> {
  const person = await personOf(factsOf(ctx));
  if (!person) throw new Error('a device page without a person');
  return person;
}

function clientOf(ctx: KoaContextWithOIDC): NonNullable<typeof ctx.oidc.client> {
  const { client } = ctx.oidc;
  if (!client) throw new Error('a device code without a client');
  return client;
}

function secretOf(ctx: KoaContextWithOIDC): string {
  const secret = ctx.oidc.session?.state?.['secret'];
  if (typeof secret !== 'string') throw new Error('a form without its secret');
  return secret;
}
