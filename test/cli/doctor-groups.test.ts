import { describe, expect, test } from 'vitest';
import { setUp } from './doctor-site.ts';
import { company, policyOf } from './tailnet.ts';

const bob = { 'bob@example.com': [{ clients: ['*'] }] };
const policyWith = (groups: Record<string, string[]>, names?: readonly string[], rules = bob) => ({
  ...policyOf(rules),
  groups,
  ...(names
    ? {
        nodeAttrs: [
          { target: ['tag:idp'], app: { 'tailscale.com/visible-groups': [{ groups: names }] } },
        ],
      }
    : {}),
});
const client = (id: string, more: object = {}) => ({
  id,
  redirectUris: [`https://${id}.test/cb`],
  ...more,
});
const engineers = { 'group:eng': ['alice@example.com'] };
const needs = { requires: { groups: ['group:eng'] } };

async function findings(policy: object, clients: readonly object[], status = {}) {
  const tailnet = { ...company, policy: policy as never, status };
  const { examine } = await setUp({ tailnet, config: { clients } });
  const { exitCode, all } = await examine();
  expect(exitCode).toBe(0);
  return all.filter(({ topic }) => topic === 'groups');
}

describe('groups of the tailnet', () => {
  test('not visible, and nobody asks for them: how to turn them on', async () => {
    const [found, ...others] = await findings(policyWith(engineers), [client('a')]);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ level: 'ok', text: expect.stringMatching(/not visible/) });
    expect(found?.text).toContain(
      '{"target":["tag:idp"],"app":{"tailscale.com/visible-groups":[{"groups":["*"]}]}}',
    );
  });

  test.each<[string, object]>([
    ['requires', needs],
    ['groupNames', { claims: { groupNames: { 'group:eng': 'Editors' } } }],
    ['tailnetGroups', { claims: { tailnetGroups: ['eng@example.com'] } }],
  ])('not visible, and an app asks for them by %s', async (_, more) => {
    expect(await findings(policyWith(engineers), [client('a'), client('b', more)])).toMatchObject([
      {
        level: 'warning',
        text: expect.stringMatching(/not visible.* b ask for them/),
        remedy: expect.stringMatching(/nodeAttrs/),
      },
    ]);
  });

  test('not visible, but grants give the group under its name', async () => {
    const rules = { 'bob@example.com': [{ clients: ['*'], groups: ['group:eng'] }] };
    const policy = policyWith(engineers, undefined, rules as never);
    expect(await findings(policy, [client('a', needs)])).toMatchObject([{ level: 'ok' }]);
  });

  test('visible', async () => {
    expect(await findings(policyWith(engineers, ['*']), [client('a', needs)])).toEqual([
      {
        level: 'ok',
        topic: 'groups',
        text: 'visible to this server: all; 2 of 4 devices of people come with groups',
      },
    ]);
  });

  test('visible, but not the one that an app asks for', async () => {
    const policy = policyWith({ ...engineers, 'group:x': ['bob@example.com'] }, ['group:x']);
    expect(await findings(policy, [client('a', needs)])).toMatchObject([
      { level: 'ok', text: expect.stringMatching(/: group:x;/) },
      { level: 'warning', text: expect.stringMatching(/not told of: group:eng \(a\)/) },
    ]);
  });

  test('the attribute is there, and tailscaled is too old', async () => {
    const status = { version: '1.96.4' };
    expect(await findings(policyWith(engineers, ['*']), [client('a')], status)).toMatchObject([
      {
        level: 'warning',
        text: expect.stringMatching(/0 of 4 .*version 1\.96\.4/),
        remedy: expect.stringMatching(/1\.97\.8/),
      },
    ]);
  });

  test('T14 too many for a token: whom and which app', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 2000 }, (_, index) => [`group:${index}`, ['bob@example.com']]),
    );
    const clients = [client('a'), client('b', { claims: { tailnetGroups: ['group:7'] } })];
    const found = await findings(policyWith(many, ['*']), clients);
    expect(found.filter(({ level }) => level === 'warning')).toMatchObject([
      {
        text: expect.stringMatching(/too many.*: a \(bob@example\.com\)/),
        remedy: expect.stringMatching(/tailnetGroups/),
      },
    ]);
  });
});
