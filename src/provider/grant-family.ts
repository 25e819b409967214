import type { Clock } from '../clock.ts';
import type { ModelAdapter } from '../store/store.ts';

/** What of a Grant decides whether it still counts. */
interface Member {
  /** Name of the browser session that it was given in. */
  readonly session?: string | undefined;
  /** Names of the Grants whose tokens were exchanged for this one's. */
  readonly parents?: readonly string[] | undefined;
}

export interface FamilyParts {
  readonly grants: ModelAdapter;
  /** Sessions that were ended. */
  readonly ends: ModelAdapter;
  readonly clock: Clock;
}

/** Longer than any chain that we issue. */
const maxDepth = 32;

/**
 * Is a Grant still good beside its own row? Not when its session was ended, and not when any Grant is gone that it
 * descends from: who revokes a token revokes all that was exchanged for it.
 */
export async function isStillGood(member: Member, parts: FamilyParts, depth = 0): Promise<boolean> {
  const { session, parents = [] } = member;
  if (session !== undefined && (await parts.ends.find(session)) !== undefined) return false;
  if (parents.length > 0 && depth >= maxDepth) return false;
  for (const name of parents) {
    const parent = await parts.grants.findByUid(name);
    if (!parent || isOver(parent, parts.clock)) return false;
    if (!(await isStillGood(parent as Member, parts, depth + 1))) return false;
  }
  return true;
}

function isOver({ exp }: Record<string, unknown>, clock: Clock): boolean {
  return typeof exp === 'number' && exp <= clock.nowSeconds();
}
