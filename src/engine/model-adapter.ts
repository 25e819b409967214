import Provider, { type Adapter } from 'oidc-provider';
import type { ProviderSettings } from '../access/settings.ts';
import type { EndDecision } from '../endings/ending.ts';
import { nameOf } from '../store/family-table.ts';
import type { ModelAdapter } from '../store/store.ts';
import { requestRecord } from './request-record.ts';

/**
 * The store as oidc-provider uses it. What it revokes, it revokes model by model and then the Grant
 * (`revokeGrantPolicy` always says so); here the Grant's end alone counts, and goes where everything ends.
 */
export function modelAdapter(
  model: string,
  stored: ModelAdapter,
  { endings, clock }: Pick<ProviderSettings, 'endings' | 'clock'>,
): Adapter {
  const adapter: Adapter = {
    upsert: (id, payload, expiresIn) => stored.upsert(id, payload as never, expiresIn),
    find: (id) => stored.find(id),
    findByUid: (uid) => stored.findByUid(uid),
    findByUserCode: (userCode) => stored.findByUserCode(userCode),
    consume: (id) => stored.consume(id),
    destroy: (id) => stored.destroy(id),
    revokeByGrantId: async () => undefined,
  };
  if (model !== 'Grant') return adapter;
  const destroy = async (id: string): Promise<void> => {
    await endings.end({
      what: { kind: 'family', name: nameOf(id) },
      why: decisionOfRequest(),
      record: requestRecord(clock, { reason: Provider.ctx?.oidc.route }),
    });
  };
  return { ...adapter, destroy };
}

/** oidc-provider revokes a Grant at three places: who asks for it, who signs out, and whoever presents a thing twice. */
function decisionOfRequest(): EndDecision {
  const oidc = Provider.ctx?.oidc;
  if (oidc?.route === 'end_session_confirm') return 'logout';
  if (oidc?.route !== 'token') return 'revocation';
  return oidc.params?.['grant_type'] === 'refresh_token' ? 'refresh-replay' : 'code-replay';
}
