import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import { displayLogin, subjectOf } from '../identity/subject.ts';
import { decideAdmin } from '../policy/decide-admin.ts';
import { rulesOf } from '../policy/grant.ts';
import { isOwnTrouble, oauthText, refusalError } from '../provider/errors.ts';
import { factsOf, staleMark } from '../provider/request.ts';
import type { ProviderSettings } from '../provider/settings.ts';
import type { AuditRecord } from '../store/store.ts';

/** Who administers, as the audit record names them. */
export type Administrator = Pick<AuditRecord, 'subject' | 'login' | 'device' | 'detail'>;

/**
 * Whoever a rule with `allow_admin_ui` names, asked anew for each request, and whoever may open the admin socket.
 * Where a connection comes from never makes an administrator (T25).
 * @throws errors.OIDCProviderError 403, recorded; 503 while nobody can be asked
 */
export async function requireAdministrator(
  ctx: Context,
  settings: ProviderSettings,
): Promise<Administrator> {
  const facts = factsOf(ctx);
  if (facts.admin) return { detail: { by: 'admin socket' } };
  const identified = await facts.identify();
  if (!identified.ok) {
    const { refusal } = identified;
    if (isOwnTrouble(refusal)) throw refusalError(refusal, false);
    throw denied(ctx, settings, { reason: refusal.message });
  }
  if (identified.stale) facts.stale = true;
  const { identity, capMap } = identified;
  const who = {
    subject: subjectOf(identity),
    login: displayLogin(identity),
    device: identity.node.stableId,
  };
  const decision = decideAdmin({ identity, rules: rulesOf(capMap) });
  if (!decision.allowed) {
    const { reason, trace } = decision;
    throw denied(ctx, settings, { ...who, reason, detail: { trace } });
  }
  return { ...who, detail: { by: 'http', ...staleMark(ctx) } };
}

function denied(
  ctx: Context,
  { audit, clock }: ProviderSettings,
  record: Partial<AuditRecord> & { readonly reason: string },
): errors.OIDCProviderError {
  const detail = { at: ctx.path.split('/')[1], peer: factsOf(ctx).peer, ...record.detail };
  audit.append({ at: clock.nowSeconds(), event: 'denial', ...record, detail });
  // not `errors.AccessDenied`, which is recorded where it is answered, without the person
  const error = new errors.CustomOIDCProviderError('access_denied', oauthText(record.reason));
  return Object.assign(error, { status: 403, statusCode: 403 });
}
