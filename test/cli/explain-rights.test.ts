import { describe, expect, test } from 'vitest';
import { capabilityOf, deploy, makeAsker, mcp, type Rules } from './asker.ts';

const deployer = { scopes: [{ resource: deploy, scopes: ['staging'] }] };

describe('may this device register clients?', () => {
  const rules: Rules = { 'alice@example.com': [{ allow_dcr: true }] };
  test.each([
    ['off', 'alice-laptop', false, /register themselves here/, false],
    ['granted', 'alice-laptop', true, /rule 0: allow_dcr: may register clients/, false],
    ['granted', 'bob', false, /\(allow_dcr\)/, true],
    ['granted', 'ci', false, /\(allow_dcr\)/, true],
    ['granted', 'guest', false, /is nobody here \(foreign\)/, false],
    ['tailnet', 'bob', true, /every member/, false],
    ['tailnet', 'guest', false, /is nobody here \(foreign\)/, false],
    ['public', 'guest', true, /guest\.tailnet\.test may register clients/, false],
  ])('%s, %s: %s', async (mode, who, allowed, text, isSuggested) => {
    const { ask } = await makeAsker(rules, { registration: { mode, quarantine: true } });
    const { out, first } = await ask('--register', '--as', who);
    expect(out).toMatch(text);
    expect(first).toMatchObject({ allowed });
    expect(first.grant !== undefined).toBe(isSuggested);
    if (isSuggested) expect(capabilityOf(first.grant)).toEqual([{ allow_dcr: true }]);
    if (allowed && who !== 'guest') expect(out).toContain('Note: new clients wait until');
  });
});

describe('does this machine get tokens by its connection?', () => {
  test('for the one resource that its grants name, with the scopes that they give', async () => {
    const { ask } = await makeAsker({ 'tag:ci': [deployer] });
    const { out, first } = await ask('--machine-token', '--as', 'tag:ci');
    expect(out).toBe(`ci.tailnet.test (tag:ci) may get a token by its connection.
  rule 0: resources: names the resource for this machine
  rule 0: scopes: staging: granted
Token for ${deploy}: scopes staging
`);
    expect(first).toMatchObject({
      subject: expect.stringMatching(/^node:/),
      allowed: true,
      tokens: [{ resource: deploy, scopes: ['staging'], refused: [] }],
    });
  });

  test('for each of several resources, which it must name', async () => {
    const { ask } = await makeAsker({
      'tag:ci': [deployer, { users: ['*'], resources: [`${mcp}/`, 'https://undeclared.test'] }],
    });
    const { out, first } = await ask('--machine-token', '--as', 'ci', '--scope', 'staging');
    expect(out).toContain('each request must name one');
    expect(out).toContain(`Token for ${deploy}: scopes staging\n  rule 0: resources: names`);
    expect(out).toContain(`No token for ${mcp}: none of the requested scopes exists`);
    expect(first.tokens).toHaveLength(3);
    expect(first.tokens).toContainEqual(
      expect.objectContaining({ resource: deploy, scopes: ['staging'], refused: [] }),
    );
    const at = await ask('--machine-token', '--as', 'ci', '--resource', mcp);
    expect(at.first.tokens).toEqual([{ resource: mcp, scopes: ['ping'], refused: [] }]);
  });

  test.each([
    ['no grant', [], [], /names a resource for this machine/, undefined],
    [
      'another resource',
      [deployer],
      ['--resource', mcp, '--scope', 'read'],
      /names this resource, but: https:\/\/deploy\.test/,
      [{ scopes: [{ resource: mcp, scopes: ['read'] }] }],
    ],
    [
      'a resource that nobody declared',
      [],
      ['--resource', 'https://undeclared.test', '--scope', 'x'],
      /there is no resource https:\/\/undeclared\.test/,
      [
        {
          users: ['tag:ci'],
          resources: ['https://undeclared.test'],
          scopes: [{ resource: 'https://undeclared.test', scopes: ['x'] }],
        },
      ],
    ],
    [
      'a resource that scopes name, and nobody declared',
      [{ scopes: [{ resource: 'https://undeclared.test', scopes: ['x'] }] }],
      [],
      /there is no resource https:\/\/undeclared\.test/,
      [{ users: ['tag:ci'], resources: ['https://undeclared.test'] }],
    ],
    [
      'scopes',
      [{ users: ['*'], resources: [mcp] }],
      ['--scope', 'run'],
      /gives you the requested scopes/,
      [{ scopes: [{ resource: mcp, scopes: ['run'] }] }],
    ],
  ])('not without %s', async (_what, rules, argv, reason, grant) => {
    const asker = await makeAsker({ 'tag:ci': rules });
    const { out, first } = await asker.ask('--machine-token', '--as', 'tag:ci', ...argv);
    expect(first.allowed).toBe(false);
    expect(out).toMatch(/may not get a token/);
    expect(first.reason).toMatch(reason);
    if (!grant) {
      expect(out).toMatch(/^Note: a grant that names a resource changes that/mu);
      return;
    }
    expect(capabilityOf(first.grant)).toEqual(grant);
    const after = await makeAsker({ 'tag:ci': [...rules, ...grant] });
    const again = await after.ask('--machine-token', '--as', 'tag:ci', ...argv);
    expect(again.first).toMatchObject({ allowed: true });
  });

  test('never a person; a registered node may have every declared resource', async () => {
    const { ask } = await makeAsker({ 'tag:ci': [{ scopes: ['read'] }] });
    const person = await ask('--machine-token', '--as', 'bob');
    expect(person.out).toMatch(/for tagged nodes of the tailnet alone: this device is a person's/);
    const asClient = (id: string) =>
      ask('--machine-token', '--as', 'ci', '--client', id, '--resource', mcp);
    expect((await asClient('builder')).first).toMatchObject({
      allowed: true,
      tokens: [{ resource: mcp, scopes: ['read', 'ping'] }],
    });
    expect((await asClient('web')).out).toMatch(/another node than the caller \(tag:ci\)/);
    expect((await asClient('exchanger')).out).toMatch(/may not use client_credentials/);
    expect((await asClient('console')).out).toMatch(/console is not a tagged node/);
  });
});

test.each([
  [['--register', '--exchange'], /--register and --exchange cannot be used together/],
  [['--register', '--as', 'bob', '--scope', 'x'], /--scope: has no meaning with --register/],
  [['--machine-token'], /--as: is missing with --machine-token/],
  [
    ['--as', 'bob', '--client', 'console', '--resource', 'notes'],
    /--resource: "notes" must be an abs/,
  ],
  [['--exchange', '--subject', 'bob'], /--resource: is missing with --exchange/],
  [['--as', 'bob', '--client', 'console', '--actor', 'ci'], /--actor: has no meaning without/],
])('%j is refused', async (argv, message) => {
  const { run } = await makeAsker({});
  const { exitCode, out, err } = await run(...argv);
  expect([exitCode, out]).toEqual([2, '']);
  expect(err).toMatch(message);
});
