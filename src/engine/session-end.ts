import Provider, { type Session } from 'oidc-provider';
import type { SessionGrant } from '../access/bound-grant.ts';
import { ancestorsOf, type FamilyParts } from '../access/grant-family.ts';
import { knownFacts } from '../access/request.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { sessionName } from '../endings/session-name.ts';
import { requestRecord } from './request-record.ts';

interface GrantModel {
  find(id: string, options?: { ignoreExpiration?: boolean }): Promise<SessionGrant | undefined>;
}

interface SessionModel {
  readonly prototype: Session;
  find(id: string): Promise<Session | undefined>;
}

/**
 * Ends with a logout all that apps got through the session. oidc-provider either ties every token to its session,
 * which then may hold one Grant a client, or lets them outlive a logout (`expiresWithSession`); and it remembers only
 * the latest Grant of each client. So an ended session is written down, and its Grants are found no more: code,
 * refresh, userinfo and introspection all look for the Grant. A session that merely expires ends nothing. A Grant
 * that others were exchanged for takes those along.
 */
export function patchSessionEnd(
  provider: Provider,
  { family, settings }: { readonly family: FamilyParts; readonly settings: ProviderSettings },
): void {
  endForGood(provider, family.ends, settings);
  const Grant = provider.Grant as unknown as GrantModel;
  const find = Grant.find;
  const findUnlessEnded = async (id: string): Promise<SessionGrant | undefined> => {
    const grant = await find.call(Grant, id, { ignoreExpiration: true });
    const ancestors = grant && (await ancestorsOf(grant, family));
    if (!ancestors) return undefined;
    grant.ancestors = ancestors;
    return grant;
  };
  Grant.find = async (id, options) => {
    const grant = await onceARequest(id, findUnlessEnded);
    return grant?.isExpired && !options?.ignoreExpiration ? undefined : grant;
  };
}

/**
 * A login that was under way while its session was ended writes the session down again. Whoever took that one up would
 * get codes whose Grants are not found. A session that was nobody's gave nothing that could end with it.
 */
function endForGood(
  provider: Provider,
  ends: FamilyParts['ends'],
  settings: ProviderSettings,
): void {
  const model = provider.Session as unknown as SessionModel;
  const { find } = model;
  model.find = async function findUnlessEnded(this: SessionModel, id) {
    const session = await find.call(this, id);
    if (session?.accountId === undefined) return session;
    return (await ends.find(sessionName(session.uid))) ? undefined : session;
  };
  const { destroy } = model.prototype;
  model.prototype.destroy = async function destroyForGood(this: Session) {
    // who was nobody has ended nothing
    if (this.accountId !== undefined) {
      const what = { kind: 'session', uid: this.uid } as const;
      await settings.endings.end({ what, why: 'logout', record: requestRecord(settings.clock) });
    }
    return destroy.call(this);
  };
}

/** oidc-provider and our hooks look for the Grant of a request one after another; what was found first counts. */
function onceARequest(
  id: string,
  find: (id: string) => Promise<SessionGrant | undefined>,
): Promise<SessionGrant | undefined> {
  const facts = Provider.ctx && knownFacts(Provider.ctx);
  if (!facts || typeof id !== 'string') return find(id);
  facts.grants ??= new Map();
  let found = facts.grants.get(id) as Promise<SessionGrant | undefined> | undefined;
  if (found === undefined) {
    found = find(id);
    facts.grants.set(id, found);
  }
  return found;
}
