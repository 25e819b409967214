import type { Clock } from '../clock.ts';
import type { DeviceBinding } from '../identity/oracle.ts';
import type { ModelAdapter } from '../store/store.ts';

/** What of a Grant decides whether it still counts. */
interface Member {
  /** Name of the browser session that it was given in. */
  readonly session?: string | undefined;
  /** Names of the Grants whose tokens were exchanged for this one's. */
  readonly parents?: readonly string[] | undefined;
}

/** A Grant that another one descends from, as it is stored. */
export interface Ancestor extends Member {
  readonly accountId: string;
  readonly clientId: string;
  readonly openid?: { readonly scope?: string } | undefined;
  /** Scopes by resource. */
  readonly resources?: Readonly<Record<string, string>> | undefined;
  /** Of those who acted with its tokens, newest first. */
  readonly actors?: readonly DeviceBinding[] | undefined;
}

export interface FamilyParts {
  readonly grants: ModelAdapter;
  /** Sessions that were ended. */
  readonly ends: ModelAdapter;
  readonly clock: Clock;
}

/** How many Grants one may descend from: each is read whenever its tokens are used. */
export const maxAncestors = 32;

/**
 * All Grants that one descends from, parents first. Undefined where it counts no more: its session was ended, or that
 * of an ancestor, or an ancestor is gone. Who revokes a token revokes all that was exchanged for it.
 */
export async function ancestorsOf(
  member: Member,
  { grants, ends, clock }: FamilyParts,
): Promise<readonly Ancestor[] | undefined> {
  const found = new Map<string, Ancestor>();
  const members: Member[] = [member];
  for (const { session, parents = [] } of members) {
    if (session !== undefined && (await ends.find(session)) !== undefined) return undefined;
    for (const name of parents) {
      if (found.has(name)) continue;
      const parent = await grants.findByUid(name);
      if (!parent || isOver(parent, clock) || found.size >= maxAncestors) return undefined;
      const ancestor = parent as unknown as Ancestor;
      found.set(name, ancestor);
      members.push(ancestor);
    }
  }
  return [...found.values()];
}

function isOver({ exp }: Record<string, unknown>, clock: Clock): boolean {
  return typeof exp === 'number' && exp <= clock.nowSeconds();
}
