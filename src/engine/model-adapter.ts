import Provider, { type Adapter, errors } from 'oidc-provider';
import type { ProviderSettings } from '../access/settings.ts';
import type { EndDecision } from '../endings/ending.ts';
import { nameOf } from '../store/family-table.ts';
import type { ModelAdapter } from '../store/store.ts';
import { requestRecord } from './request-record.ts';

/**
 * The store as oidc-provider uses it: outcomes become the errors that it and its clients know. Whoever comes second
 * with something that is good once ends what the first one got (RFC 6749 4.1.2, RFC 9700 4.14.2). What oidc-provider
 * revokes, it revokes model by model and then the Grant (`revokeGrantPolicy` always says so); here the Grant's end
 * alone counts, and goes where everything ends.
 */
export function modelAdapter(
  model: string,
  stored: ModelAdapter,
  { endings, clock }: Pick<ProviderSettings, 'endings' | 'clock'>,
): Adapter {
  const end = async (name: string, why: EndDecision): Promise<void> => {
    const record = requestRecord(clock, { reason: Provider.ctx?.oidc.route });
    await endings.end({ what: { kind: 'family', name }, why, record });
  };
  return {
    async upsert(id, payload, expiresIn) {
      const outcome = await stored.upsert(id, payload as Record<string, unknown>, expiresIn);
      if (outcome === 'used') throw new errors.InvalidRequest(usedWords(model));
    },
    find: (id) => stored.find(id),
    findByUid: (uid) => stored.findByUid(uid),
    findByUserCode: (userCode) => stored.findByUserCode(userCode),
    async consume(id) {
      const redeemed = await stored.consume(id);
      if (redeemed.outcome === 'redeemed') return;
      if (redeemed.outcome === 'replayed' && redeemed.family !== undefined) {
        await end(redeemed.family, model === 'RefreshToken' ? 'refresh-replay' : 'code-replay');
      }
      throw consumedError(model);
    },
    async destroy(id) {
      if (model === 'Grant') return end(nameOf(id), decisionOfRequest());
      const wasThere = await stored.destroy(id);
      // a login goes on once, however many requests try
      if (model === 'Interaction' && !wasThere) {
        throw new errors.SessionNotFound('this login was finished already');
      }
    },
    revokeByGrantId: async () => undefined,
  };
}

/** oidc-provider looks and then saves or consumes; of two that both saw it free one is told. */
function usedWords(model: string): string {
  return model === 'DeviceCode'
    ? 'this code was used already'
    : 'this proof or assertion was used before';
}

function consumedError(model: string): Error {
  switch (model) {
    case 'PushedAuthorizationRequest':
      return new errors.InvalidRequestUri('request_uri was already used');
    case 'AuthorizationCode':
      return new errors.InvalidGrant('authorization code already consumed');
    case 'RefreshToken':
      return new errors.InvalidGrant('refresh token already used');
    default:
      return new errors.InvalidGrant(`${model} already consumed`);
  }
}

/** oidc-provider revokes a Grant at three places: who asks for it, who signs out, and whoever presents a thing twice. */
function decisionOfRequest(): EndDecision {
  const oidc = Provider.ctx?.oidc;
  if (oidc?.route === 'end_session_confirm') return 'logout';
  if (oidc?.route !== 'token') return 'revocation';
  return oidc.params?.['grant_type'] === 'refresh_token' ? 'refresh-replay' : 'code-replay';
}
