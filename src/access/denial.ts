import { errors } from 'oidc-provider';
import type { Identity } from '../identity/identity.ts';
import type { AppCapabilities, Denied } from '../policy/decision.ts';
import { formatGrant, suggestGrant } from '../policy/suggest.ts';
import { formatTrace, type TraceLine } from '../policy/trace.ts';
import { oauthText } from '../protocol/oauth-text.ts';
import type { App } from './enter.ts';
import type { DenialFacts } from './pages.ts';
import type { ProviderSettings } from './settings.ts';

/** An `access_denied` that keeps what was decided about whom, for page, audit and log. */
export class PolicyDenied extends errors.AccessDenied {
  readonly app: App;
  readonly identity: Identity;
  /** The description may hold only ASCII; this is the sentence for the page. */
  readonly reason: string;
  readonly trace: readonly TraceLine[];
  /** What one more grant would have to give; undefined where no grant can help. */
  readonly remedy: AppCapabilities | undefined;

  constructor(app: App, identity: Identity, { reason, trace, remedy }: Denied) {
    super(oauthText(reason));
    this.app = app;
    this.identity = identity;
    this.reason = reason;
    this.trace = trace;
    this.remedy = remedy;
  }
}

/** What the page says of it; undefined for every other error. */
export function denialFacts(
  error: unknown,
  { ownNode }: Pick<ProviderSettings, 'ownNode'>,
): DenialFacts | undefined {
  if (!(error instanceof PolicyDenied)) return undefined;
  const { app, identity, remedy, trace } = error;
  const suggestion = suggestGrant(remedy, identity, ownNode());
  return {
    clientName: app.nameTrusted ? app.name : app.id,
    clientId: app.id,
    trace: formatTrace(trace).split('\n'),
    grant: suggestion && formatGrant(suggestion),
  };
}
