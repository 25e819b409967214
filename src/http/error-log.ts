import type Provider from 'oidc-provider';
import type { errors, KoaContextWithOIDC } from 'oidc-provider';
import { PolicyDenied } from '../access/denial.ts';
import { knownFacts } from '../access/request.ts';
import type { Logger } from '../log.ts';
import { OutgoingError } from '../outgoing/outgoing-error.ts';
import { formatTrace } from '../policy/trace.ts';
import type { StoreHealth } from './store-health.ts';
import type { Tally } from './tally.ts';

export interface ErrorLogParts {
  readonly tally: Tally;
  /** Of an address (`Oracle.share`). */
  readonly share: (address: string) => string;
  readonly storeHealth: StoreHealth;
  readonly log: Logger;
}

/**
 * Logs what oidc-provider answers with an error page, under the request ID that the page names, and what went wrong
 * on our side. An app's mistakes at the API endpoints are the app's to read.
 */
export function logErrors(
  provider: Provider,
  { tally, share, storeHealth, log }: ErrorLogParts,
): void {
  const from = (ctx: KoaContextWithOIDC): string | undefined => {
    const peer = knownFacts(ctx)?.peer;
    return peer === undefined ? undefined : share(peer);
  };
  const events = [
    'authorization.error',
    'end_session.error',
    'end_session_confirm.error',
    'end_session_success.error',
  ] as const;
  for (const event of events) {
    // the events have one shape, which the types don't say
    provider.on(event as 'authorization.error', (ctx, error: errors.OIDCProviderError) => {
      const { error: name, error_description: description = error.message } = error;
      const why = error instanceof PolicyDenied ? { trace: formatTrace(error.trace) } : {};
      tally.count('pages', from(ctx), () =>
        log.info({ ...requestOf(ctx), error: name, ...why, ...hostOf(error) }, description),
      );
    });
  }
  provider.on('server_error', (ctx: KoaContextWithOIDC, error: unknown) => {
    storeHealth.observe(error);
    tally.count('failures', from(ctx), () =>
      log.error({ ...requestOf(ctx), err: error }, 'request failed'),
    );
  });
}

/** What a stranger's host made us refuse, which the stranger is not told. */
function hostOf({ cause }: Error): { host?: string } {
  const inner = cause instanceof OutgoingError ? cause.cause : undefined;
  return inner instanceof Error ? { host: inner.message } : {};
}

function requestOf(ctx: KoaContextWithOIDC): { requestId: string | undefined; path: string } {
  return { requestId: knownFacts(ctx)?.requestId, path: ctx.path };
}
