import { describe, expect, test } from 'vitest';
import type { Identity } from '../../src/identity/identity.ts';
import { decideAct, grantedResources } from '../../src/policy/decide-act.ts';
import { lines, machine, rules, user } from './sample.ts';

const mcp = 'https://mcp.tailnet.test/mcp';
const alice = 'alice@example.com';
const toMcp = { users: ['*'], resources: [mcp] };
const agent = machine(['tag:agent']);

function act(
  subject: unknown[],
  actor: unknown[] | undefined,
  resources = [mcp],
  who: Identity = user(),
) {
  return decideAct({
    subject: { identity: who, rules: rules(...subject) },
    actor: actor && { identity: agent, rules: rules(...actor) },
    resources,
  });
}

describe('the subject’s own rules, as tsidp reads them', () => {
  test.each<[string, unknown[], string[], boolean]>([
    ['no rule', [], [mcp], false],
    ['everybody, there', [toMcp], [mcp], true],
    ['by login', [{ users: [alice], resources: [mcp] }], [mcp], true],
    ['somebody else', [{ users: ['bob@example.com'], resources: [mcp] }], [mcp], false],
    ['by the login’s beginning', [{ users: ['alice'], resources: [mcp] }], [mcp], false],
    ['nobody', [{ users: [], resources: [mcp] }], [mcp], false],
    ['no users', [{ resources: [mcp] }], [mcp], false],
    ['nowhere', [{ users: ['*'], resources: [] }], [mcp], false],
    ['no resources', [{ users: ['*'] }], [mcp], false],
    ['everywhere', [{ users: ['*'], resources: ['*'] }], [mcp, 'https://x.test'], true],
    ['elsewhere', [toMcp], ['https://x.test'], false],
    ['two halves', [{ users: ['*'] }, { resources: [mcp] }], [mcp], false],
    ['one of two', [toMcp], [mcp, 'https://x.test'], false],
    [
      'two rules',
      [toMcp, { users: ['*'], resources: ['https://x.test'] }],
      [mcp, 'https://x.test'],
      true,
    ],
    ['an empty path', [{ users: ['*'], resources: ['https://x.test'] }], ['https://x.test/'], true],
    ['another path', [toMcp], [`${mcp}/`], false],
    ['another case', [toMcp], [mcp.toUpperCase()], false],
    ['may_act_for instead', [{ may_act_for: ['*'] }], [mcp], false],
    ['malformed', [{ ...toMcp, groups: 1 }], [mcp], false],
    ['no resource asked for', [toMcp], [], false],
    ['the same twice', [toMcp], [mcp, mcp], true],
  ])('%s', (_name, values, resources, allowed) => {
    expect(act(values, undefined, resources).allowed).toBe(allowed);
  });

  test('T05 T14 a thousand audiences are none', () => {
    const many = Array.from({ length: 1000 }, (_, i) => `https://r${i}.test`);
    const decision = act([{ users: ['*'], resources: ['*'] }], undefined, many);
    expect(decision).toMatchObject({ allowed: false, refused: many });
  });
});

describe('the actor’s rules', () => {
  const subject = [{ users: ['*'], resources: ['*'] }];
  test.each<[string, unknown[], Identity, boolean]>([
    ['no rule', [], user(), false],
    ['the person', [{ may_act_for: [alice] }], user(), true],
    ['every person', [{ may_act_for: ['*'] }], user(), true],
    ['another person', [{ may_act_for: ['bob@example.com'] }], user(), false],
    ['nobody', [{ may_act_for: [] }], user(), false],
    ['a tag', [{ may_act_for: ['tag:ci'] }], machine(['tag:x', 'tag:ci']), true],
    ['another tag', [{ may_act_for: ['tag:db'] }], machine(['tag:ci']), false],
    ['T21 every person is no machine', [{ may_act_for: ['*'] }], machine(['tag:ci']), false],
    ['a tag is no person', [{ may_act_for: ['tag:ci'] }], user({ login: 'tag:ci@x' }), false],
    ['there', [{ may_act_for: ['*'], resources: [mcp] }], user(), true],
    ['elsewhere', [{ may_act_for: ['*'], resources: ['https://x.test'] }], user(), false],
    ['nowhere', [{ may_act_for: ['*'], resources: [] }], user(), false],
    ['tsidp’s users and resources', [toMcp], user(), true],
    ['tsidp’s users elsewhere', [{ users: ['*'], resources: ['https://x.test'] }], user(), false],
    ['tsidp’s users alone', [{ users: ['*'] }], user(), false],
    ['malformed', [{ may_act_for: '*' }], user(), false],
  ])('%s', (_name, values, who, allowed) => {
    expect(act(subject, values, [mcp], who).allowed).toBe(allowed);
    // and never without the subject's own
    expect(act([], values, [mcp], who).allowed).toBe(false);
  });
});

test('a refusal says whose rules lack what', () => {
  expect(act([], [{ may_act_for: ['*'] }])).toMatchObject({
    lacking: 'subject',
    refused: [mcp],
    remedy: { 'tailscale.com/cap/tsidp': [{ users: [alice], resources: [mcp] }] },
  });
  expect(act([toMcp], [])).toMatchObject({
    lacking: 'actor',
    refused: [mcp],
    remedy: { 'tailscale.com/cap/tsidp': [{ may_act_for: [alice], resources: [mcp] }] },
  });
});

test('what is suggested to a machine for itself lets it act for nobody', () => {
  const suggested = { users: ['tag:agent'], resources: [mcp] };
  expect(act([], undefined, [mcp], agent)).toMatchObject({
    remedy: { 'tailscale.com/cap/tsidp': [suggested] },
  });
  expect(act([suggested], undefined, [mcp], agent).allowed).toBe(true);
  expect(act([toMcp], [suggested]).allowed).toBe(false);
});

test('the trace says whose rule each step is about', () => {
  const decision = act([{ users: ['bob@example.com'], resources: [] }, toMcp], [{}, toMcp]);
  expect(lines(decision.trace)).toEqual([
    '0 subject.resources: is about other users',
    '1 subject.resources: lets tokens of this subject go to the resource',
    '1 actor.users: lets the actor act for this subject',
  ]);
});

test('what a machine may get tokens for on its own', () => {
  const party = {
    identity: agent,
    rules: rules(
      { users: ['*'], resources: [mcp, '*', ''] },
      { users: ['tag:agent'], resources: ['https://x.test', mcp] },
      { users: [alice], resources: ['https://hers.test'] },
      { resources: ['https://nobody.test'] },
    ),
  };
  expect(grantedResources(party)).toEqual([mcp, 'https://x.test']);
});
