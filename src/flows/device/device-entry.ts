import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import { refusalError, tryLater } from '../../access/errors.ts';
import { factsOf } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { subjectOf } from '../../identity/subject.ts';
import { devicePath } from './device-request.ts';
import { shownUserCode } from './user-code.ts';

/**
 * The page for people, `/device`, before oidc-provider has it: it knows no peers and would take any session and any
 * number of codes. Only an identified person passes, only with a session of their own, one request at a time.
 * @param form what was posted; undefined for the page itself
 * @throws errors.AccessDenied, errors.InvalidRequest, errors.TemporarilyUnavailable
 */
export async function enterDevicePage(
  ctx: Context,
  form: Readonly<Record<string, unknown>> | undefined,
  { provider, settings }: { provider: Provider; settings: ProviderSettings },
  run: (ctx: Context) => Promise<void>,
): Promise<void> {
  const subject = await takePerson(ctx);
  if (form === undefined) {
    dropUserCode(ctx);
    return run(ctx);
  }
  await inTurn(subject, async () => {
    await requireOwnPage(ctx, provider, subject);
    const { user_code: userCode, shown = [] } = form;
    const facts = factsOf(ctx);
    facts.device = { ...facts.device, shown: new Set([shown].flat().map(String)) };
    if (typeof userCode !== 'string' || userCode.trim() === '') return run(ctx);
    const wait = settings.deviceLimits.takeGuess(subject);
    if (wait > 0) throw tryLater(ctx, wait, 'too many wrong codes were entered');
    await run(ctx);
    const { oidc } = ctx as unknown as { oidc?: { deviceCode?: unknown } };
    const isFree = oidc?.deviceCode !== undefined || facts.device?.untried;
    if (isFree) settings.deviceLimits.returnGuess(subject);
  });
}

/** Who looks at the page: its buttons are a person's. */
async function takePerson(ctx: Context): Promise<string> {
  const facts = factsOf(ctx);
  const identified = await facts.identify();
  if (!identified.ok) throw refusalError(identified.refusal, false);
  if (identified.stale) facts.stale = true;
  const { identity } = identified;
  if (identity.kind === 'machine') {
    throw new errors.AccessDenied(
      `this device is a machine (${identity.tags.join(', ')}), not a person: open this page on a device of your own`,
    );
  }
  facts.device = { ...facts.device, person: identity };
  return subjectOf(identity);
}

/**
 * RFC 8628 3.3.1: a link may bring the code along. oidc-provider would send it off by a script; here the person sees
 * it in the form and sends it.
 */
function dropUserCode(ctx: Context): void {
  const { user_code: userCode } = ctx.query;
  const facts = factsOf(ctx);
  const shown = typeof userCode === 'string' ? shownUserCode(userCode) : undefined;
  facts.device = { ...facts.device, userCode: shown };
  ctx.querystring = '';
}

/** A form belongs to the session that it was made for, and that one to the peer (T32). */
async function requireOwnPage(ctx: Context, provider: Provider, subject: string): Promise<void> {
  const { accountId } = await provider.Session.get(ctx);
  if (accountId === undefined) {
    throw new errors.InvalidRequest(`this page is no longer valid: open ${devicePath} again`, 410);
  }
  if (accountId !== subject) {
    throw new errors.InvalidRequest('this page was opened by another person or device', 403);
  }
}

/** Requests under way, by subject; each entry goes with its last request. */
const turns = new Map<string, Promise<void>>();

/** One after another, so that a double click meets what the first one did. */
async function inTurn(subject: string, act: () => Promise<void>): Promise<void> {
  const before = turns.get(subject) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(act);
  turns.set(subject, mine);
  try {
    await mine;
  } finally {
    if (turns.get(subject) === mine) turns.delete(subject);
  }
}
