import type { Client } from 'oidc-provider';
import type { Known } from '../identity/identity.ts';
import type { DeviceBinding } from '../identity/oracle.ts';
import { subjectOf } from '../identity/subject.ts';
import { decideAct, type Party, partyOf } from '../policy/decide-act.ts';
import { type Decision, type Denied, denied } from '../policy/decision.ts';
import type { TraceLine } from '../policy/trace.ts';
import { optionsOf } from './client-settings.ts';
import { isOwnTrouble, refusalError } from './errors.ts';
import type { Ancestor } from './grant-family.ts';
import { mayStillBe, mayStillEnter } from './may-still-hold.ts';
import { resourceScopesOf } from './resource-scopes.ts';
import type { ProviderSettings } from './settings.ts';
import { stillGranted } from './still-granted.ts';

export interface ActingToken {
  /** Whose token it is, as tailscaled says now. */
  readonly subject: Known;
  /** Newest first. */
  readonly actors: readonly DeviceBinding[];
  readonly resources: string | readonly string[] | undefined;
  /** The Grants that it descends from. */
  readonly ancestors: readonly Ancestor[];
}

export type StillActing =
  | {
      readonly allowed: true;
      readonly trace: readonly TraceLine[];
      /** The newest actor. */
      readonly actor: Party | undefined;
      /** The scopes at resources that what it descends from still has; undefined: it was not limited. */
      readonly ceiling: ReadonlySet<string> | undefined;
    }
  | Denied;

/**
 * An exchanged token is worth something while every actor is the node that it was (T13), while grants let the newest
 * act for the subject at its resources, and while the same holds of every token that it descends from.
 * @param clients finds the client of an ancestor
 * @throws errors.TemporarilyUnavailable while tailscaled can't say
 */
export async function mayStillAct(
  { subject, actors, resources, ancestors }: ActingToken,
  clients: (id: string) => Promise<Client | undefined>,
  settings: ProviderSettings,
): Promise<StillActing> {
  const found = await Promise.all(actors.map((actor) => settings.oracle.device(actor)));
  const acting: Known[] = [];
  for (const actor of found) {
    if (!actor.ok) {
      if (isOwnTrouble(actor.refusal)) throw refusalError(actor.refusal, false);
      return denied([{ reason: `an actor is gone: ${actor.refusal.message}` }], []);
    }
    acting.push(actor);
  }
  const [newest] = acting.map(partyOf);
  const uris = [resources ?? []].flat();
  const decision = decideAct({ subject: partyOf(subject), actor: newest, resources: uris });
  if (!decision.allowed) return decision;
  let ceiling: ReadonlySet<string> | undefined;
  for (const ancestor of ancestors) {
    const client = await clients(ancestor.clientId);
    const worth = worthOf(ancestor, { subject, acting, client }, settings);
    if (!worth.allowed) return worth;
    if (worth.scopes) ceiling = ceiling?.intersection(worth.scopes) ?? worth.scopes;
  }
  return { allowed: true, trace: decision.trace, actor: newest, ceiling };
}

interface Line {
  readonly subject: Known;
  readonly acting: readonly Known[];
  readonly client: Client | undefined;
}

type Worth =
  | { readonly allowed: true; readonly scopes: ReadonlySet<string> | undefined }
  | Extract<Decision, { allowed: false }>;

/** Is what was exchanged still good for anything, and what for? Its `scopes` limit what came of it where they are the subject's. */
function worthOf(
  { accountId, openid, resources = {}, parents = [], actors = [] }: Ancestor,
  { subject, acting, client }: Line,
  settings: ProviderSettings,
): Worth {
  const isSubject = accountId === subjectOf(subject.identity);
  const known = isSubject ? subject : acting.find((one) => subjectOf(one.identity) === accountId);
  if (!known || !client) {
    return denied([{ reason: 'a token that this one descends from has lost its client' }], []);
  }
  const uris = Object.keys(resources);
  const scope = [openid?.scope ?? '', ...Object.values(resources)].join(' ');
  const isExchanged = parents.length > 0;
  const decision = isExchanged
    ? mayAct(known, { acting, device: actors[0], uris })
    : optionsOf(client).peer
      ? mayStillBe({ known, client }, uris)
      : mayStillEnter({ known, client }, settings);
  if (!decision.allowed) return decision;
  const token = isExchanged ? { aud: uris, scope, isExchanged } : { resource: uris, scope };
  const granted = stillGranted(token, { known, client }, settings);
  if (!granted.allowed) return granted;
  const isLimit = isSubject && uris.length > 0;
  return {
    allowed: true,
    scopes: isLimit ? new Set(resourceScopesOf(granted.scopes)) : undefined,
  };
}

interface Hop {
  readonly acting: readonly Known[];
  readonly device: DeviceBinding | undefined;
  readonly uris: readonly string[];
}

function mayAct(subject: Known, { acting, device, uris }: Hop): Decision {
  const actor = acting.find(({ identity }) => identity.node.stableId === device?.stableId);
  if (device && !actor) return denied([{ reason: 'an earlier actor is gone' }], []);
  return decideAct({
    subject: partyOf(subject),
    actor: actor && partyOf(actor),
    resources: uris,
  });
}
