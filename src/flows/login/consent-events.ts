import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { refusedConsent } from '../../access/consent-question.ts';
import type { Requested } from '../../access/requested.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { displayLogin } from '../../identity/subject.ts';
import type { ConsentKey } from '../../store/consent-table.ts';
import { consentParts, settledConsent } from './consent.ts';

interface Decided {
  readonly key: ConsentKey;
  readonly login: string;
  /** StableID. */
  readonly device: string;
  readonly about: Requested;
}

/**
 * Remembers what was allowed when its login goes through, and records what was decided. oidc-provider's events come
 * before the answer, which waits until all of it is durable.
 */
export function recordConsents(provider: Provider, settings: ProviderSettings): void {
  provider.on('authorization.accepted', (ctx: KoaContextWithOIDC) => {
    const state = settledConsent(ctx);
    if (!state?.given) return;
    const { key, identity, given } = state;
    if (state.source === 'remembered') {
      settings.consents.use(key, settings.clock.nowSeconds());
      return;
    }
    const decided = {
      key,
      login: displayLogin(identity),
      device: identity.node.stableId,
      about: given,
    };
    remember(decided, settings);
    record(decided, 'allowed', settings);
  });
  provider.on('authorization.error', (ctx: KoaContextWithOIDC) => {
    const question = refusedConsent(ctx);
    if (question) record({ ...question, about: question.requested }, 'denied', settings);
  });
}

function remember({ key, login, about }: Decided, settings: ProviderSettings): void {
  const givenAt = settings.clock.nowSeconds();
  const expiresAt = givenAt + settings.consentSeconds;
  for (const part of consentParts(about)) {
    settings.consents.save({ ...key, ...part, login, givenAt, expiresAt });
  }
}

function record(
  { key, login, device, about }: Decided,
  reason: 'allowed' | 'denied',
  settings: ProviderSettings,
): void {
  const parts = consentParts(about);
  const resources = parts.flatMap(({ resource }) => resource ?? []);
  settings.audit.append({
    at: settings.clock.nowSeconds(),
    event: 'consent',
    subject: key.subject,
    login,
    device,
    client: key.clientId,
    scope: [...new Set(parts.flatMap(({ scopes }) => scopes))].join(' '),
    reason,
    detail: {
      redirectHost: key.redirectHost,
      ...(resources.length > 0 ? { resources } : {}),
    },
  });
}
