import fc from 'fast-check';
import type { EnterQuestion } from '../../src/policy/decide.ts';
import { ruleFields } from '../../src/policy/rule.ts';
import { machine, user } from './sample.ts';

// few words, so that rules and questions meet often
const word = fc.constantFrom('*', 'a', 'b', 'tag:ci', 'alice@example.com', 'mcp:*', 'https://r');
const words = fc.array(word, { maxLength: 3 });
export const json = fc.jsonValue({ maxDepth: 3 });

const goodRule = fc.record(
  {
    clients: words,
    scopes: fc.array(
      fc.oneof(fc.constantFrom('a', 'b', 'mcp:*'), fc.record({ resource: word, scopes: words })),
      { maxLength: 3 },
    ),
    groups: words,
    machine_login: fc.boolean(),
    may_act_for: words,
    account: fc.record({
      login: fc.constantFrom('alice@example.com', 'bob@example.com'),
      username: fc.constantFrom('alice', 'al', 'bo'),
    }),
    allow_admin_ui: fc.boolean(),
    allow_dcr: fc.boolean(),
    users: words,
    resources: words,
    extraClaims: fc.dictionary(word, json, { maxKeys: 3 }),
    includeInUserInfo: fc.boolean(),
    unknown: json,
  },
  { requiredKeys: [] },
);

/** A rule that gives everything, but for one field of a wrong type. */
export const malformedRule = fc
  .tuple(fc.constantFrom(...ruleFields), fc.constantFrom<unknown>(7, 'x', [7], { 0: '*' }, [null]))
  .filter(
    ([field, wrong]) =>
      field !== 'extraClaims' || typeof wrong !== 'object' || Array.isArray(wrong),
  )
  .map(([field, wrong]) => ({
    clients: ['*'],
    scopes: ['*'],
    groups: ['b'],
    machine_login: true,
    may_act_for: ['*'],
    allow_admin_ui: true,
    allow_dcr: true,
    users: ['*'],
    resources: ['*'],
    extraClaims: { won: true },
    [field]: wrong === 'x' && field === 'scopes' ? { x: 1 } : wrong,
  }));

export const anyValue = fc.oneof(goodRule, malformedRule, json);

export const enterQuestion = fc.record({
  identity: fc.constantFrom(user(), machine(), user({ foreign: true })),
  clientId: fc.constantFrom('a', 'b'),
  clientName: fc.constantFrom('a', 'c'),
  clientNameTrusted: fc.boolean(),
  access: fc.constantFrom('open', 'granted'),
  requires: fc.constantFrom<EnterQuestion['requires']>(
    undefined,
    { groups: ['b'] },
    { groups: ['a', 'b'] },
    { tags: ['tag:ci'] },
    { capability: 'example.com/cap/x' },
    { device: { os: ['linux'], sharedIn: false } },
  ),
});

export const scopesQuestion = fc.record({
  requested: fc.array(fc.constantFrom('a', 'b', 'mcp:x', 'openid'), { maxLength: 4 }),
  resource: fc.option(fc.constant({ uri: 'https://r', scopes: ['a', 'mcp:x'] }), {
    nil: undefined,
  }),
});
