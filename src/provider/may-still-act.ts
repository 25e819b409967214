import type { Identified } from '../identity/identity.ts';
import type { DeviceBinding } from '../identity/oracle.ts';
import { decideAct, type Party } from '../policy/decide-act.ts';
import { type Decision, denied } from '../policy/decision.ts';
import { rulesOf } from '../policy/grant.ts';
import { isOwnTrouble, refusalError } from './errors.ts';
import type { ProviderSettings } from './settings.ts';

type Known = Extract<Identified, { ok: true }>;

export interface ActingToken {
  /** Whose token it is, as tailscaled says now. */
  readonly subject: Known;
  /** Newest first. */
  readonly actors: readonly DeviceBinding[];
  readonly resources: string | readonly string[] | undefined;
}

/**
 * An exchanged token is worth something while every actor is the node that it was (T13), and while grants let the
 * newest act for the subject at its resources.
 * @throws errors.TemporarilyUnavailable while tailscaled can't say
 */
export async function mayStillAct(
  { subject, actors, resources }: ActingToken,
  settings: Pick<ProviderSettings, 'oracle'>,
): Promise<Decision> {
  const found = await Promise.all(actors.map((actor) => settings.oracle.device(actor)));
  const parties: Party[] = [];
  for (const actor of found) {
    if (!actor.ok) {
      if (isOwnTrouble(actor.refusal)) throw refusalError(actor.refusal, false);
      return denied([{ reason: `an actor is gone: ${actor.refusal.message}` }], []);
    }
    parties.push(partyOf(actor));
  }
  return decideAct({
    subject: partyOf(subject),
    actor: parties[0],
    resources: [resources ?? []].flat(),
  });
}

function partyOf({ identity, capMap }: Known): Party {
  return { identity, rules: rulesOf(capMap) };
}
