import { usernameOf } from '../identity/claims.ts';
import type { Identity } from '../identity/identity.ts';
import type { Rule, Rules } from './grant.ts';
import { Trace, type TraceLine } from './trace.ts';

export interface AccountNames {
  /** In place of the username that follows from the login. */
  readonly username?: string;
  /** In place of the email that follows from the login. Only the policy vouches for it, so it is never verified. */
  readonly email?: string;
  readonly trace: readonly TraceLine[];
}

type Account = NonNullable<Rule['account']> & { readonly index: number };

/**
 * What the rules' `account` fields say of this person. However wide a grant is, a rule names one person, by their
 * whole login; members of other tailnets and machines have none. Nobody gets a name that these rules give to two,
 * and whoever's usual username they give away is called by the whole login instead.
 */
export function accountNamesOf(identity: Identity, rules: Rules): AccountNames {
  const trace = new Trace(rules);
  const accounts = rules.rules.flatMap(({ account, index }) =>
    account ? [{ ...account, index }] : [],
  );
  if (accounts.length === 0 || identity.kind === 'machine' || identity.foreign) {
    return { trace: trace.lines() };
  }
  const mine = accounts.filter(({ login }) => login === identity.login);
  const others = accounts.filter(({ login }) => login !== identity.login);
  const username = nameFor('username', mine, others, trace);
  const email = nameFor('email', mine, others, trace);
  const taken = username === undefined && isTaken('username', usernameOf(identity), others);
  if (taken) {
    const outcome = 'the usual username belongs to somebody else: the whole login stands instead';
    trace.conclude({ field: 'account.username', outcome });
  }
  const called = taken ? identity.login : username;
  return {
    ...(called === undefined ? {} : { username: called }),
    ...(email === undefined ? {} : { email }),
    trace: trace.lines(),
  };
}

function nameFor(
  field: 'username' | 'email',
  mine: readonly Account[],
  others: readonly Account[],
  trace: Trace,
): string | undefined {
  const [first, ...more] = mine.filter((account) => account[field] !== undefined);
  const name = first?.[field];
  if (first === undefined || name === undefined) return undefined;
  const rule = first.index;
  if (more.some((account) => account[field] !== name)) {
    trace.conclude({ rule, field: `account.${field}`, outcome: 'ignored, rules disagree' });
    return undefined;
  }
  if (isTaken(field, name, others)) {
    trace.conclude({ rule, field: `account.${field}`, outcome: 'ignored, given to two people' });
    return undefined;
  }
  trace.conclude({ rule, field: `account.${field}`, outcome: 'set for this person' });
  return name;
}

/** Apps may compare names without regard to case. */
function isTaken(field: 'username' | 'email', name: string, others: readonly Account[]): boolean {
  return others.some((account) => account[field]?.toLowerCase() === name.toLowerCase());
}
