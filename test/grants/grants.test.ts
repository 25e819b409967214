import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatGrant, suggestGrant } from '../../src/policy/suggest.ts';
import { identityScopes } from '../../src/protocol/scope.ts';
import {
  type Answer,
  answers,
  type Case,
  readGrantFile,
  readScenario,
  type Scenario,
  tailnetUnder,
} from './scenario.ts';

const names = readdirSync(new URL('../../grants/', import.meta.url))
  .filter((name) => name.endsWith('.hujson'))
  .map((name) => name.replace('.hujson', ''));

test('every policy stands in the README', () => {
  expect(names).toHaveLength(8);
  const readme = readGrantFile('README.md');
  expect(names.filter((name) => !readme.includes(`(${name}.hujson)`))).toEqual([]);
});

describe.each(names)('%s', (name) => {
  const scenario = readScenario(name);
  const policy = readGrantFile(`${name}.hujson`);
  const table = scenario.cases.map((asked) => [JSON.stringify(asked), asked] as const);

  test.each(table)('%s', async (_text, asked) => {
    for (const answer of await answersUnder(policy, asked)) {
      check(asked, answer);
      const suggestion = await suggestionFor(policy, answer);
      expect(suggestion !== undefined).toBe(canBeGranted(scenario, asked));
      if (suggestion) await pasteUntilGranted(asked, answer, suggestion);
    }
  });

  async function answersUnder(text: string, asked: Case): Promise<readonly Answer[]> {
    return answers(scenario, await tailnetUnder(scenario, text), asked);
  }

  async function suggestionFor(text: string, { remedy, remedyFor }: Answer) {
    const { nodes, self } = await tailnetUnder(scenario, text);
    const suggestion = remedyFor && suggestGrant(remedy, remedyFor, nodes.get(self)!);
    return suggestion && formatGrant(suggestion);
  }

  /** What is suggested, pasted as it is printed, changes the decision; acting for somebody can need two grants. */
  async function pasteUntilGranted(asked: Case, { peer }: Answer, first: string): Promise<void> {
    let suggestion: string | undefined = first;
    let text = policy;
    let after: Answer | undefined;
    for (let pastes = 0; suggestion !== undefined && pastes < 2; pastes += 1) {
      const longer = text.replace('"grants": [', (found) => `${found}\n${suggestion}`);
      expect(longer).not.toBe(text);
      text = longer;
      after = (await answersUnder(text, asked)).find(
        (answer) => answer.peer.node.name === peer.node.name,
      );
      suggestion = after && (await suggestionFor(text, after));
    }
    expect(suggestion).toBeUndefined();
    expect(after?.allowed).toBe(true);
    if ('gives' in asked) expect(after?.facts['gives']).toBe(grantable(scenario, asked).join(' '));
  }
});

function check(asked: Case, { allowed, facts, peer }: Answer): void {
  const { refused, groups, username, claims, gives }: Record<string, unknown> = { ...asked };
  expect(facts['refused']).toBe(refused);
  for (const [fact, value] of Object.entries({ groups, username, claims, gives })) {
    if (value !== undefined) expect(facts[fact]).toEqual(value);
  }
  if ('undecidable' in asked) {
    expect(peer.grants.filter(({ outcome }) => outcome === 'posture')).toHaveLength(1);
  }
  expect(allowed).toBe(isAllowed(asked));
}

function isAllowed(asked: Case): boolean {
  if ('register' in asked) return asked.register;
  if ('admin' in asked) return asked.admin;
  return 'gives' in asked ? asked.gives !== '' : 'allowed' in asked && asked.allowed;
}

function canBeGranted(scenario: Scenario, asked: Case): boolean {
  if ('noGrantHelps' in asked) return false;
  if ('gives' in asked) return grantable(scenario, asked).join(' ') !== asked.gives;
  return !isAllowed(asked) && !('refused' in asked);
}

/** The requested scopes that some grant could give. */
function grantable({ resources }: Scenario, asked: Extract<Case, { gives: string }>): string[] {
  const uri = 'machineToken' in asked ? asked.machineToken : asked.resource;
  const known = uri === undefined ? undefined : (resources[uri] ?? []);
  return asked.scopes
    .split(' ')
    .filter((scope) => identityScopes.has(scope) || !known || known.includes(scope));
}
