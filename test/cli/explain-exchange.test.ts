import { describe, expect, test } from 'vitest';
import { capabilityOf, makeAsker, mcp, suggested } from './asker.ts';

describe('may tokens of one be exchanged by another?', () => {
  const lends = { users: ['*'], resources: [mcp], scopes: [{ resource: mcp, scopes: ['read'] }] };
  const acts = { may_act_for: ['alice@example.com'], resources: [mcp] };
  const exchange = ['--exchange', '--subject', 'alice-laptop', '--resource', mcp];
  const byCi = [...exchange, '--actor', 'tag:ci'];

  test('where both sides allow it, with the scopes that the subject has there', async () => {
    const { ask } = await makeAsker({ 'alice@example.com': [lends], 'tag:ci': [acts] });
    const { out, first } = await ask(...byCi);
    expect(out).toContain(
      `alice@example.com on alice-laptop.tailnet.test may have tokens exchanged for ${mcp} by ci.tailnet.test (tag:ci).
  rule 0: subject.resources: lets tokens of this subject go to the resource
  rule 0: actor.may_act_for: lets the actor act for this subject
Resource: ${mcp}: declared in the configuration
Scopes: read ping
`,
    );
    expect(out).toMatch(/^Note: whoever exchanges a token must be the client/mu);
    expect(first).toMatchObject({
      login: 'alice@example.com',
      actor: { device: 'ci.tailnet.test', subject: expect.stringMatching(/^node:/) },
      allowed: true,
      scopes: { granted: ['read', 'ping'], refused: [] },
    });
    const more = await ask(...byCi, '--scope', 'run');
    expect(more.first.scopes).toMatchObject({ granted: [], refused: ['run'] });
    expect(capabilityOf(more.first.grant)).toEqual([
      { scopes: [{ resource: mcp, scopes: ['run'] }] },
    ]);
  });

  test('each side that does not is named with its grant, one after the other', async () => {
    const neither = await (await makeAsker({})).ask(...byCi);
    expect(neither.first).toMatchObject({
      allowed: false,
      reason: expect.stringMatching(/tokens of this user go to/),
    });
    expect(suggested(neither.first.grant)).toMatchObject({ src: ['alice@example.com'] });
    const half = await makeAsker({ 'alice@example.com': [lends] });
    const { first } = await half.ask(...byCi);
    expect(first.reason).toMatch(/lets the actor act for this user/);
    expect(suggested(first.grant)).toMatchObject({ src: ['tag:ci'] });
    expect(capabilityOf(first.grant)).toEqual([
      { may_act_for: ['alice@example.com'], resources: [mcp] },
    ]);
    // for alice herself nobody else must allow anything
    expect((await half.ask(...exchange)).first).toMatchObject({ allowed: true });
  });

  test.each([
    ['off', { tokenExchange: { enabled: false } }, byCi, /tokenExchange\.enabled/],
    ['itself', {}, [...exchange, '--actor', 'alice@example.com'], /nobody acts for themselves/],
    ['may_act', {}, [...byCi, '--client', 'console'], /may_act .* names somebody else/],
    ['the app', { access: 'granted' }, [...byCi, '--client', 'console'], /lets you enter console/],
    ['nobody', {}, [...exchange, '--actor', 'guest'], /guest.* is nobody here \(foreign\)/],
  ])('not: %s', async (_what, config, argv, text) => {
    const { ask } = await makeAsker({ 'alice@example.com': [lends], 'tag:ci': [acts] }, config);
    const { out, all } = await ask(...argv);
    expect(out).toMatch(text);
    expect(all.every(({ allowed }: { allowed: boolean }) => !allowed)).toBe(true);
  });

  test('the app says who alone may act with its tokens', async () => {
    const rules = { 'alice@example.com': [lends], 'tag:ci': [acts], 'tag:prod': [acts] };
    const app = (id: string, mayAct: object) => ({
      id,
      redirectUris: [`https://${id}.test/cb`],
      mayAct,
    });
    const { ask } = await makeAsker(rules, {
      clients: [
        app('by-tag', { tags: ['tag:ci', 'tag:web'] }),
        app('by-node', { node: 'nElsewhere1CNTRL' }),
        app('by-client', { client: 'builder' }),
        { id: 'builder', peer: { tags: ['tag:ci'] } },
      ],
    });
    const said = async (id: string) => {
      const { out, first } = await ask(...byCi, '--client', id);
      return [first.allowed, out.split('\n').filter((line) => line.includes('(mayAct)'))];
    };
    const note = (who: string) => [`Note: only ${who} may act with this app's tokens (mayAct)`];
    expect(await said('by-tag')).toEqual([true, note('tag:ci or tag:web')]);
    expect(await said('by-node')).toEqual([false, note('node:nElsewhere1CNTRL')]);
    expect(await said('by-client')).toEqual([true, note('whoever uses the client builder')]);
    expect(await said('builder')).toEqual([true, []]);
    const { out } = await ask(...byCi);
    expect(out).toContain(
      'Note: apps may say who alone acts with their tokens (mayAct): by-tag, by-node, by-client do; name one with --client\n',
    );
    const alone = await ask(...exchange, '--client', 'by-client');
    expect(alone.first).toMatchObject({ allowed: false });
  });
});
