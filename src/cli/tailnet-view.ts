import type { Identified } from '../identity/identity.ts';
import type { OwnNode } from '../policy/suggest.ts';

/** A device that somebody could log in from, and who they would be. */
export interface Candidate {
  /** DNS name without trailing dot, or the address where there is none. */
  readonly device: string;
  readonly identified: Identified;
}

/** A tailnet that a command asks about: the live one, or one in a file. */
export interface TailnetView {
  readonly self: OwnNode;
  /** The devices that a login, tag, address or name means, in the order of their names. */
  candidates(who: string): Promise<readonly Candidate[]>;
}
