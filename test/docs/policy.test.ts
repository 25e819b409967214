import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeCli } from '../cli/run.ts';

const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
const [, example = ''] = /<!-- example: run by .*? -->(.*?)^## /msu.exec(page) ?? [];
const [configuration = '', policy = '', commands = ''] = [
  ...example.matchAll(/^```(?:jsonc|sh)\n(.*?)^```$/gmsu),
].map(([, block = '']) => block);
const asked = commands.split('\n').filter((line) => line.startsWith('tsidp explain '));

const tailnet = {
  tailnet: 'tail1234.ts.net',
  self: 'idp',
  users: { 'alice@example.com': { id: 1 }, 'bob@example.com': { id: 2 } },
  nodes: {
    idp: { tags: ['tag:idp'], addresses: ['100.64.0.2'] },
    alice: { user: 'alice@example.com', addresses: ['100.64.0.3'] },
    bob: { user: 'bob@example.com', addresses: ['100.64.0.4'] },
    agent: { tags: ['tag:agent'], addresses: ['100.64.0.5'] },
    ci: { tags: ['tag:ci'], addresses: ['100.64.0.6'] },
  },
};

async function explain(command: string) {
  const cli = makeCli();
  const files = { 'tsidp.jsonc': configuration, 'policy.hujson': policy };
  const texts = { ...files, 'tailnet.json': JSON.stringify(tailnet) };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(cli.parent, name), text);
  const [config, rules, people] = Object.keys(texts).map((name) => join(cli.parent, name));
  const { exitCode, err, out } = await cli.run([
    ...command.split(' ').slice(1),
    ...['--config', config ?? '', '--policy', rules ?? '', '--tailnet', people ?? '', '--json'],
  ]);
  expect([exitCode, err]).toEqual([0, '']);
  const [first, ...others] = JSON.parse(out);
  expect(others).toEqual([]);
  return first;
}

test.each([
  [0, { resource: { known: 'declared' }, scopes: { granted: ['run'], refused: [] } }],
  [
    1,
    { actor: { login: 'agent.tail1234.ts.net (tag:agent)' }, scopes: { granted: ['notes:read'] } },
  ],
  [2, { tokens: [{ scopes: ['notes:write'], refused: [] }] }],
  [3, { device: 'ci.tail1234.ts.net' }],
])('what docs/policy.md asks, it answers: %i', async (index, expected) => {
  expect(asked).toHaveLength(4);
  const command = asked[index] ?? '';
  expect(await explain(command)).toMatchObject({ allowed: true, ...expected });
  // nobody else may
  const other = command.replace(/alice@example\.com|tag:ci/u, 'bob@example.com');
  const { allowed, scopes } = await explain(other);
  expect(allowed && scopes?.granted.length !== 0).toBe(false);
});
