import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import type { Denial } from '../access/denials.ts';
import { isOwnTrouble, refusalError } from '../access/errors.ts';
import { factsOf, staleMark } from '../access/request.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { displayLogin, subjectOf } from '../identity/subject.ts';
import { decideAdmin } from '../policy/decide-admin.ts';
import { rulesOf } from '../policy/grant.ts';
import { oauthText } from '../protocol/oauth-text.ts';
import type { AuditRecord } from '../store/store.ts';

/** Who administers, as the audit record names them. */
export type Administrator = Pick<
  AuditRecord,
  'subject' | 'login' | 'device' | 'listener' | 'detail'
>;

type Sought = { readonly administrator: Administrator } | { readonly error: () => Error };

/**
 * Whoever a rule with `allow_admin_ui` names, asked anew for each request, and whoever may open the admin socket.
 * Where a connection comes from never makes an administrator (T25), and the connection must be the device's own:
 * not a program's on our own node (T35), and not a proxy's, which would then administer as anybody (T34).
 * @param kind who is told: a person on a page, or a program
 * @throws errors.OIDCProviderError 403, recorded; 503 while nobody can be asked
 */
export async function requireAdministrator(
  ctx: Context,
  settings: ProviderSettings,
  kind: 'page' | 'api',
): Promise<Administrator> {
  const sought = await seekAdministrator(ctx, settings, kind);
  if ('error' in sought) throw sought.error();
  return sought.administrator;
}

/** As `requireAdministrator`, for what others may see, too: nothing is denied, and nothing recorded. */
export async function isAdministrator(ctx: Context, settings: ProviderSettings): Promise<boolean> {
  return 'administrator' in (await seekAdministrator(ctx, settings, 'page'));
}

const indirect = {
  self: 'programs on the machine that runs this login server may not administer it: use "tsidp clients" there, or a device of your own',
  proxy:
    'nobody administers this server through a reverse proxy: open its address directly from your own device',
} as const;

async function seekAdministrator(
  ctx: Context,
  settings: ProviderSettings,
  kind: 'page' | 'api',
): Promise<Sought> {
  const facts = factsOf(ctx);
  if (facts.admin)
    return { administrator: { listener: facts.listener, detail: { by: 'admin socket' } } };
  const refused = (record: Parameters<typeof denied>[2]): Sought => ({
    error: () => denied(ctx, settings, record, kind),
  });
  const identified = await facts.identify();
  if (!identified.ok) {
    const { refusal } = identified;
    if (isOwnTrouble(refusal)) return { error: () => refusalError(refusal, false) };
    return refused({ reason: refusal.message });
  }
  if (identified.stale) facts.stale = true;
  const { identity, capMap, through } = identified;
  const who = {
    subject: subjectOf(identity),
    login: displayLogin(identity),
    device: identity.node.stableId,
    listener: facts.listener,
  };
  if (through !== undefined) return refused({ ...who, reason: indirect[through] });
  const decision = decideAdmin({ identity, rules: rulesOf(capMap) });
  if (!decision.allowed) {
    const { reason, trace } = decision;
    return refused({ ...who, reason, detail: { trace } });
  }
  return { administrator: { ...who, detail: { by: 'http', ...staleMark(ctx) } } };
}

function denied(
  ctx: Context,
  { recordDenial, clock }: ProviderSettings,
  record: Partial<Denial> & { readonly reason: string },
  kind: 'page' | 'api',
): errors.OIDCProviderError {
  const { listener, peer } = factsOf(ctx);
  const detail = { at: ctx.path.split('/')[1], peer, ...record.detail };
  recordDenial({ at: clock.nowSeconds(), listener, ...record, detail }, { listener, peer });
  // programs are told in OAuth's words, people in ours;
  // not `errors.AccessDenied`, which is recorded where it is answered, without the person
  const code = kind === 'page' ? 'administrators_only' : 'access_denied';
  const error = new errors.CustomOIDCProviderError(code, oauthText(record.reason));
  return Object.assign(error, { status: 403, statusCode: 403 });
}
