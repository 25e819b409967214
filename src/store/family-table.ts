import { digest } from './digest.ts';

/**
 * What a token, code or Grant is called where its value must not be written down: the digest that its row has, in
 * hex. The beginning does, too: the time (`time-order.ts`) and 64 bits of the hash.
 */
export function nameOf(value: string): string {
  return digest(value).toString('hex');
}

/** Hexadecimal digits of a name as people, audit records and `jti`s have it. */
export const shortNameLength = 28;

/** All tokens of one authorization or exchange: they live and die with one Grant. */
export interface Family {
  /** Of the Grant (`nameOf`); audit records have its beginning. */
  readonly name: string;
  readonly subject: string | undefined;
  readonly clientId: string | undefined;
  /** StableID of the device that it came from. */
  readonly device: string | undefined;
  readonly resources: readonly string[];
  readonly scopes: readonly string[];
  /** StableIDs of those who act for the subject, newest first. */
  readonly actors: readonly string[];
  /** Names of the families whose tokens were exchanged for this one's. */
  readonly parents: readonly string[];
  /** Epoch seconds. */
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
}

/** All members that are given must fit. */
export interface FamilyFilter {
  /** Whose tokens they are, or who acts with them. */
  readonly subject?: string | undefined;
  readonly clientId?: string | undefined;
  /** Of the subject or of somebody who acts. */
  readonly device?: string | undefined;
  /**
   * `jti` of a JWT, or the name of a token or family as audit records have it: what it came from, and what came
   * from it.
   */
  readonly token?: string | undefined;
}

export interface FamilyTable {
  /** Those that are alive, oldest first. */
  list(filter: FamilyFilter): Promise<Family[]>;
  /**
   * Ends one by its whole name, and with it all that were exchanged for it.
   * @returns whether it was there
   */
  end(name: string): Promise<boolean>;
}
