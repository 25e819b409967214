import fc from 'fast-check';
import { describe, test } from 'vitest';
import { accountNamesOf } from '../../src/policy/account-names.ts';
import {
  capabilityScopesSchema,
  scopesOfCapabilities,
} from '../../src/policy/capability-scopes.ts';
import { decideEnter, type EnterQuestion } from '../../src/policy/decide.ts';
import { decideAct } from '../../src/policy/decide-act.ts';
import { decideAdmin } from '../../src/policy/decide-admin.ts';
import { decideRegister } from '../../src/policy/decide-register.ts';
import { decideScopes } from '../../src/policy/decide-scopes.ts';
import type { AppCapabilities } from '../../src/policy/decision.ts';
import { extraClaimsOf } from '../../src/policy/extra-claims.ts';
import { capability, type Rules, rulesOf } from '../../src/policy/grant.ts';
import { groupsOf } from '../../src/policy/groups.ts';
import { formatTrace } from '../../src/policy/trace.ts';
import { anyValue, enterQuestion, json, malformedRule, scopesQuestion } from './arbitrary.ts';

type Enter = Omit<EnterQuestion, 'rules' | 'capMap'>;
type Scopes = Omit<Parameters<typeof decideScopes>[0], 'rules'>;

/** Everything that rules can give, as sets. */
function rights(values: readonly unknown[], enter: Enter, scopes: Scopes): Set<string> {
  const rules = rulesOf({ [capability]: values });
  const { identity } = enter;
  const party = { identity, rules };
  const resources = ['https://r'];
  const decisions = {
    enter: decideEnter({ ...enter, rules }),
    register: decideRegister({ identity, rules, mode: 'granted' }),
    admin: decideAdmin({ identity, rules }),
    exchange: decideAct({ subject: party, actor: undefined, resources }),
    act: decideAct({ subject: party, actor: party, resources }),
  };
  return new Set([
    ...Object.entries(decisions).flatMap(([name, { allowed }]) => (allowed ? [name] : [])),
    ...decideScopes({ ...scopes, rules }).scopes.map((scope) => `scope ${scope}`),
    ...groupsOf(rules.rules).map((group) => `group ${group}`),
    ...Object.keys(extraClaimsOf(rules.rules).idToken).map((claim) => `claim ${claim}`),
  ]);
}

/** The single values among the claims, and the names: what no order of the rules may change. */
function values(rules: Rules, identity: Enter['identity']): string {
  const claims = Object.entries(extraClaimsOf(rules.rules).idToken)
    .filter(([, value]) => !Array.isArray(value))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const { username, email } = accountNamesOf(identity, rules);
  return JSON.stringify([claims, username, email]);
}

function same(one: Set<string>, other: Set<string>): boolean {
  return one.size === other.size && one.isSubsetOf(other);
}

describe('whatever the rules are', () => {
  test('a malformed rule adds no right and takes none', () => {
    const places = fc.array(anyValue, { maxLength: 5 });
    fc.assert(
      fc.property(
        places,
        places,
        malformedRule,
        enterQuestion,
        scopesQuestion,
        (before, after, bad, enter, scopes) => {
          const without = rights([...before, ...after], enter, scopes);
          return same(rights([...before, bad, ...after], enter, scopes), without);
        },
      ),
    );
  });

  test('one more rule takes no right', () => {
    fc.assert(
      fc.property(
        fc.array(anyValue, { maxLength: 5 }),
        anyValue,
        enterQuestion,
        scopesQuestion,
        (before, more, enter, scopes) =>
          rights(before, enter, scopes).isSubsetOf(rights([...before, more], enter, scopes)),
      ),
    );
  });

  test('their order gives and takes nothing', () => {
    const shuffled = fc
      .array(anyValue, { maxLength: 8 })
      .chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
      );
    fc.assert(
      fc.property(shuffled, enterQuestion, scopesQuestion, ([one, other], enter, scopes) => {
        const [first, second] = [one, other].map((list) => rulesOf({ [capability]: list }));
        return (
          same(rights(one, enter, scopes), rights(other, enter, scopes)) &&
          values(first!, enter.identity) === values(second!, enter.identity)
        );
      }),
    );
  });

  test('the same question has the same answer and trace', () => {
    fc.assert(
      fc.property(
        fc.array(anyValue, { maxLength: 8 }),
        enterQuestion,
        scopesQuestion,
        (list, enter, scopes) => {
          const answer = () => {
            const rules = rulesOf({ [capability]: structuredClone(list) });
            const decisions = [
              decideEnter({ ...enter, rules }),
              decideScopes({ ...scopes, rules }),
            ];
            return JSON.stringify([decisions, decisions.map(({ trace }) => formatTrace(trace))]);
          };
          const first = answer();
          return answer() === first;
        },
      ),
    );
  });

  test('the remedy of a denial makes it allowed', () => {
    fc.assert(
      fc.property(
        fc.array(anyValue, { maxLength: 5 }),
        enterQuestion,
        scopesQuestion,
        (list, enter, scopes) => {
          const denials = (capMap: AppCapabilities) => {
            const rules = rulesOf(capMap);
            return [
              decideEnter({ ...enter, rules, capMap }),
              decideScopes({ ...scopes, rules }),
              decideAdmin({ identity: enter.identity, rules }),
              decideAct({
                subject: { identity: enter.identity, rules },
                actor: undefined,
                resources: ['https://r'],
              }),
            ];
          };
          return denials({ [capability]: list }).every((decision, index) => {
            if (decision.allowed || !decision.remedy) return true;
            const ours = decision.remedy[capability] ?? [];
            const mended = { ...decision.remedy, [capability]: [...list, ...ours] };
            return denials(mended)[index]?.allowed;
          });
        },
      ),
    );
  });
});

test('arbitrary JSON in every place is never an exception', () => {
  const mapping = capabilityScopesSchema.parse({ capability, pointer: '/clients' });
  const capMap = fc.oneof(
    json,
    fc.dictionary(fc.constantFrom(capability, '__proto__', 'x'), json),
    fc.array(fc.oneof(json, anyValue)).map((list) => ({ [capability]: list })),
  );
  fc.assert(
    fc.property(capMap, enterQuestion, scopesQuestion, (given, enter, scopes) => {
      const map = given as AppCapabilities;
      const rules = rulesOf(typeof given === 'object' ? map : null);
      const mapped = typeof given === 'object' ? scopesOfCapabilities([mapping], map).scopes : [];
      decideEnter({ ...enter, rules });
      decideScopes({ ...scopes, rules, mapped });
      accountNamesOf(enter.identity, rules);
      extraClaimsOf(rules.rules);
    }),
    { numRuns: 1000 },
  );
});
