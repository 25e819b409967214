import { randomUUID } from 'node:crypto';
import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import { denialFacts, PolicyDenied } from '../access/denial.ts';
import { retryAfterSeconds } from '../access/errors.ts';
import { knownFacts } from '../access/request.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { personOf } from '../engine/render.ts';
import { deniedPath } from '../flows/login/denied-page.ts';
import type { Logger } from '../log.ts';
import { oauthText } from '../protocol/oauth-text.ts';
import { StoreError } from '../store/store.ts';
import type { RouteKind } from './identify/entrance.ts';
import { Shed } from './shed.ts';
import type { Tally } from './tally.ts';

export interface ErrorContext {
  readonly kind: RouteKind;
  readonly settings: ProviderSettings;
  readonly tally: Tally;
  /** Whose request it is, where that shows (`Entrance.share`). */
  readonly share: string | undefined;
  readonly log: Logger;
}

/** The answer to what was thrown outside oidc-provider: JSON for programs, a page for people, never a stack trace. */
export async function answerError(
  ctx: Context,
  error: unknown,
  { kind, settings, tally, share, log }: ErrorContext,
): Promise<void> {
  const known = describe(error);
  const facts = knownFacts(ctx);
  const requestId = facts?.requestId ?? randomUUID();
  logError(ctx, error, { requestId, known, kind, tally, share, log });
  // what `/denied` shows was recorded when it happened
  if (error instanceof errors.AccessDenied && ctx.path !== deniedPath) {
    const from = { peer: facts?.peer ?? '', listener: facts?.listener };
    settings.recordDenial(
      {
        at: settings.clock.nowSeconds(),
        reason: known.description,
        listener: from.listener,
        detail: { at: ctx.path.split('/')[1], peer: from.peer },
      },
      from,
    );
  }
  // nothing of a half-made answer may go out: no code, no cookie
  for (const name of ['Location', 'Set-Cookie']) ctx.remove(name);
  ctx.status = known.status;
  if (known.status === 503) ctx.set('Retry-After', String(retryAfterSeconds));
  // a body that nobody reads would go on holding the connection
  if (known.status === 413 || (error instanceof Shed && !ctx.req.complete)) {
    ctx.set('Connection', 'close');
  }
  if (kind === 'page') {
    // whoever can't be asked for now is left out: this answer must come about
    const person = facts && (await personOf(facts).catch(() => undefined));
    ctx.type = 'html';
    const denial = denialFacts(error, settings);
    ctx.body = settings.pages.error({ ...known, person, requestId, denial });
    return;
  }
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { error: known.error, error_description: oauthText(known.description) };
}

interface Told extends Pick<ErrorContext, 'kind' | 'tally' | 'share' | 'log'> {
  readonly requestId: string;
  readonly known: Known;
}

function logError(ctx: Context, error: unknown, told: Told): void {
  const { requestId, known, kind, tally, share, log } = told;
  if (error instanceof Shed) {
    tally.count(error.reason === 'peer' ? 'requestsOfPeer' : 'requests', error.share);
  } else if (known.status >= 500) {
    tally.count('failures', share, () =>
      log.error({ err: error, requestId, path: ctx.path }, known.description),
    );
  } else if (kind === 'page') {
    tally.count('pages', share, () =>
      log.info({ requestId, path: ctx.path, error: known.error }, known.description),
    );
  }
}

interface Known {
  readonly status: number;
  readonly error: string;
  readonly description: string;
}

function describe(error: unknown): Known {
  if (error instanceof errors.OIDCProviderError && error.expose) {
    return {
      // a denial is the person's to read: 403, not "bad request"
      status: error instanceof errors.AccessDenied ? 403 : error.statusCode,
      error: error.error,
      description:
        error instanceof PolicyDenied ? error.reason : (error.error_description ?? error.message),
    };
  }
  if (error instanceof StoreError) {
    return {
      status: 503,
      error: 'temporarily_unavailable',
      description: 'the server could not store this safely; nothing was done, try again',
    };
  }
  return {
    status: 500,
    error: 'server_error',
    description: 'something went wrong on the server; its log has the details',
  };
}
