import { describe, expect, test } from 'vitest';
import { find } from './grafana.ts';
import { makeCli } from './run.ts';

const add = ['clients', 'add', '--id', 'ci'];

describe('clients add for tagged nodes', () => {
  test('makes no secret, and needs no redirect URI', async () => {
    const cli = makeCli();
    const { exitCode, out } = await cli.run([
      ...add,
      '--peer-tag',
      'tag:ci',
      '--peer-tag',
      'tag:b',
    ]);
    expect([exitCode, out]).toEqual([
      0,
      'client ID      ci\nclient secret  (none: its connection says who it is: tagged node tag:ci or tag:b)\n',
    ]);
    expect(await find(cli, 'ci')).toMatchObject({
      secretVerifier: null,
      metadata: {
        grant_types: ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      },
      options: { peer: { tags: ['tag:ci', 'tag:b'] } },
    });
  });

  test('one node, by its StableID', async () => {
    const cli = makeCli();
    const { out } = await cli.run([...add, '--peer-node', 'nAbCdEfGh11CNTRL', '--json']);
    const json = JSON.parse(out);
    expect(json).toMatchObject({
      client_id: 'ci',
      token_endpoint_auth_method: 'tailnet_peer',
      tsidp_peer: { node: 'nAbCdEfGh11CNTRL' },
    });
    expect(json).not.toHaveProperty('client_secret');
  });

  test.each([
    [['--may-act-tag', 'tag:a', '--may-act-tag', 'tag:b'], { tags: ['tag:a', 'tag:b'] }],
    [['--may-act-node', 'nAbCdEfGh11CNTRL'], { sub: 'node:nAbCdEfGh11CNTRL' }],
    [['--may-act-client', 'agent'], { client_id: 'agent' }],
  ])('who may act: %j', async (flags, expected) => {
    const cli = makeCli();
    const { exitCode } = await cli.run([...add, '--redirect-uri', 'https://a.test/cb', ...flags]);
    expect(exitCode).toBe(0);
    expect((await find(cli, 'ci'))?.options.mayAct).toEqual(expected);
  });

  test.each([
    [['--peer-tag', 'ci'], /--peer-tag: "ci" must be a tag/],
    [['--peer-node', ' '], /--peer-node: " " must be the StableID/],
    [['--may-act-client', 'a b', '--peer-tag', 'tag:ci'], /--may-act-client: "a b" must be/],
    [['--peer-tag', 'tag:ci', '--peer-node', 'nAbCdEfGh11CNTRL'], /cannot be used together/],
    [
      ['--peer-tag', 'tag:ci', '--secret-stdin'],
      /--peer-tag and --secret-stdin cannot be used together/,
    ],
    [['--may-act-tag', 'tag:a', '--may-act-client', 'b'], /cannot be used together/],
  ])('%j is refused', async (flags, problem) => {
    const cli = makeCli();
    const { exitCode, err } = await cli.run([...add, ...flags]);
    expect(exitCode).toBe(2);
    expect(err).toMatch(problem);
  });
});

test('list and show say how each client authenticates; a secret that there is not is not replaced', async () => {
  const cli = makeCli();
  const uri = ['--redirect-uri', 'https://a.test/cb'];
  await cli.run([...add, '--peer-tag', 'tag:ci']);
  await cli.run(['clients', 'add', '--id', 'web', ...uri]);
  await cli.run(['clients', 'add', '--id', 'own', '--secret-stdin', ...uri], 'my own long secret');
  await cli.run(['clients', 'add', '--id', 'spa', '--public', ...uri]);
  await cli.run(['clients', 'add', '--id', 'keyed', '--jwks-uri', 'https://a.test/jwks', ...uri]);
  const { out } = await cli.run(['clients', 'list']);
  const column = out.indexOf('AUTHENTICATION');
  const shown = out
    .split('\n')
    .slice(1, -1)
    .map((line) => line.slice(column).split('  ')[0]);
  expect(shown).toEqual([
    'tagged node tag:ci',
    'secret (generated)',
    'secret (chosen)',
    'none',
    'keys',
  ]);
  const { out: one } = await cli.run(['clients', 'show', 'ci']);
  expect(one).toContain('authentication: tagged node tag:ci\n');
  expect(one).toContain('token_endpoint_auth_method: tailnet_peer\n');
  expect(one).not.toContain('tls_client_auth');
  const json = JSON.parse((await cli.run(['clients', 'list', '--json'])).out);
  expect(json.map(({ authentication }: { authentication: string }) => authentication)).toEqual([
    ...['tagged node tag:ci', 'secret', 'secret', 'none', 'keys'],
  ]);
  const { exitCode, err } = await cli.run(['clients', 'rotate-secret', 'keyed']);
  expect([exitCode, err]).toEqual([1, expect.stringMatching(/has no secret to replace/)]);
});
