import { describe, expect, test } from 'vitest';
import { setUp } from './doctor-site.ts';
import { company, policyOf } from './tailnet.ts';

const mcp = 'https://mcp.test/mcp';
const resources = [{ uri: mcp, scopes: { read: 'Read', write: 'Write' } }];
const reads = { scopes: [{ resource: mcp, scopes: ['read'] }] };
const secret = 'a-secret-that-is-long-enough';

const warning = (topic: string, text: RegExp, remedy: RegExp) => ({
  level: 'warning',
  topic,
  text: expect.stringMatching(text),
  remedy: expect.stringMatching(remedy),
});

async function examine(
  config: Record<string, unknown>,
  rules: Parameters<typeof policyOf>[0] = { 'alice@example.com': [reads] },
) {
  const policy = policyOf({ ...rules, carol: [{ clients: ['*'] }] });
  const { startDaemon, ...site } = await setUp({ config, tailnet: { policy } });
  await startDaemon();
  return site.examine();
}

describe('resources', () => {
  test('that somebody can have are fine', async () => {
    const { bad, all, exitCode } = await examine({ resources });
    expect([exitCode, bad]).toEqual([0, []]);
    expect(all).toContainEqual(expect.objectContaining({ level: 'ok', topic: 'resources' }));
  });

  test('whose tokens nobody can get', async () => {
    const { bad, exitCode } = await examine({ resources }, {});
    expect(exitCode).toBe(0);
    expect(bad).toEqual([warning('resources', /nobody|no grant gives anybody/, /"scopes":\[\{/)]);
  });

  test.each([
    ['an open scope', { resources: [{ ...resources[0], openScopes: ['read'] }] }],
    ['no scopes at all', { resources: [{ uri: mcp }] }],
    [
      'a client that an administrator gave one',
      {
        resources,
        clients: [
          {
            id: 'service',
            secret,
            grantTypes: ['client_credentials'],
            scopes: ['read'],
          },
        ],
      },
    ],
    [
      'a mapped capability',
      { resources, capabilityScopes: [{ capability: 'example.com/cap/mcp', pointer: '/may' }] },
    ],
  ])('need no grant with %s', async (what, config) => {
    const policy = policyOf({ 'bob@example.com': [{ clients: ['*'] }] }) as { grants: object[] };
    if (what === 'a mapped capability') {
      policy.grants.push({
        src: ['alice@example.com'],
        dst: ['tag:idp'],
        app: { 'example.com/cap/mcp': [{ may: ['read'] }] },
      });
    }
    const site = await setUp({ config, tailnet: { policy } });
    const { bad } = await site.examine();
    expect(bad.filter(({ topic }) => topic === 'resources')).toEqual([]);
  });

  test('whose clients are nobody; those of the database count', async () => {
    const config = {
      resources: [{ ...resources[0], clients: ['grafana', 'added', 'gone', 'node-nAbcdCNTRL'] }],
    };
    const policy = policyOf({ 'alice@example.com': [reads, { clients: ['*'] }] });
    const site = await setUp({ config, tailnet: { policy } });
    const uri = ['--redirect-uri', 'https://added.test/cb'];
    await site.run(['clients', 'add', '--dir', site.directory, '--id', 'added', ...uri]);
    const { bad } = await site.examine();
    const found = bad.filter(({ topic }) => topic === 'resources');
    expect(found).toEqual([warning('resources', /that do not exist: gone$/, /clients add/)]);
  });

  test('rules that name them wrongly, with what was meant', async () => {
    const { bad } = await examine(
      { resources },
      {
        'alice@example.com': [
          reads,
          { scopes: [{ resource: 'http://mcp.test/mcp/', scopes: ['read'] }] },
          { users: ['*'], resources: ['https://mpc.test/mcp', 'https://other.test/mcp'] },
          { scopes: [{ resource: mcp, scopes: ['raed', 'w*', 'delete'] }] },
          { users: ['*'] },
          { serves: [mcp] },
        ],
      },
    );
    expect(
      bad.map(({ level, topic, text }) => [level, topic, text.replace(/ \(.*\)$/, '')]),
    ).toEqual(
      [
        `a rule names a resource that is not declared: rule 1: http://mcp.test/mcp/; did you mean ${mcp}?`,
        `a rule names a resource that is not declared: rule 2: https://mpc.test/mcp; did you mean ${mcp}?`,
        `a rule gives a scope that the resource does not know: rule 3: raed at ${mcp}; did you mean read?`,
        `a rule gives a scope that the resource does not know: rule 3: delete at ${mcp}`,
        'a rule does nothing: rule 4 has "users" without "resources"',
        '"serves" means machines, and does nothing for people: rule 5',
      ].map((text) => ['warning', 'resources', text]),
    );
    // once for all whom it concerns
    expect(bad[0]?.text.match(/alice@/g)).toHaveLength(1);
  });
});

describe('rules of machines', () => {
  const everywhere = { users: ['*'], resources: ['*'] };
  test('that let one act for everybody everywhere', async () => {
    const { bad, exitCode } = await examine(
      { resources },
      {
        'alice@example.com': [reads, everywhere],
        'tag:ci': [{ users: ['tag:ci'], resources: ['*'] }, everywhere],
        'tag:prod': [
          { users: ['*'], resources: [mcp] },
          { may_act_for: ['*'], resources: [mcp] },
        ],
      },
    );
    expect(exitCode).toBe(0);
    expect(bad).toEqual([
      warning('resources', /may act for everybody everywhere: rule 1 \(tag:ci\)$/, /docs\/policy/),
    ]);
  });
});

describe('clients that are tagged nodes, and who may act', () => {
  const { nodes } = company;
  test('are looked for among the nodes and clients', async () => {
    const uris = (id: string) => ({ id, redirectUris: [`https://${id}.test/cb`] });
    const clients = [
      { id: 'ci', peer: { tags: ['tag:ci'] } },
      { id: 'build', peer: { tags: ['tag:ci', 'tag:gone'] } },
      { id: 'gone', peer: { tags: ['tag:gone'] } },
      { id: 'lost', peer: { node: 'nLostNode11CNTRL' } },
      { ...uris('a'), mayAct: { client: 'ci' } },
      { ...uris('b'), mayAct: { client: 'nowhere' } },
      { ...uris('c'), mayAct: { tags: ['tag:gone'] } },
      { ...uris('d'), mayAct: { node: 'nLostNode11CNTRL' } },
      { ...uris('e'), mayAct: { tags: ['tag:ci'] } },
    ];
    expect(Object.keys(nodes)).toContain('ci');
    const { bad, exitCode } = await examine({ clients });
    expect(exitCode).toBe(0);
    expect(bad).toEqual([
      warning('clients', /^build .* none has tag:gone$/, /tag the nodes/),
      warning('clients', /^gone .* nobody is this client$/, /tag the nodes/),
      warning('clients', /^lost .*nLostNode11CNTRL/, /whois/),
      warning('clients', /^tokens of b .*client nowhere/, /mayAct/),
      warning('clients', /^tokens of c .*tag:gone/, /mayAct/),
      warning('clients', /^tokens of d .*node:nLostNode11CNTRL/, /mayAct/),
    ]);
  });
});
