import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import { tryLater } from '../../access/errors.ts';
import { factsOf, type RequestFacts, shareOf } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { subjectOf } from '../../identity/subject.ts';
import type { Visitor } from '../../limits/login-limit.ts';

/** Whose share of logins and pages a request takes from; whom nobody knows have one together, too. */
export async function visitorOf(facts: RequestFacts): Promise<Visitor> {
  const identified = await facts.identify();
  const subject = identified.ok ? subjectOf(identified.identity) : 'strangers';
  return { device: await shareOf(facts), subject };
}

/**
 * Counts a page that is kept until somebody clicks there.
 * @throws errors.TemporarilyUnavailable 429 with Retry-After
 */
export async function takePage(
  ctx: Pick<Context, 'state' | 'set'>,
  { loginLimit }: ProviderSettings,
): Promise<void> {
  const wait = loginLimit.takePage(await visitorOf(factsOf(ctx)));
  if (wait === 0) return;
  const error = tryLater(ctx, wait, 'this device opened too many pages');
  error.allow_redirect = false;
  throw error;
}

/**
 * The same for the pages of ours that begin a session where there is none.
 * @throws errors.TemporarilyUnavailable 429 with Retry-After
 */
export async function takeFirstPage(
  ctx: Context,
  provider: Provider,
  settings: ProviderSettings,
): Promise<void> {
  const session: { exp?: number } = await provider.Session.get(ctx);
  if (session.exp === undefined) await takePage(ctx, settings);
}
