import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addGrafana, auditOf, find, fits, secretIn, uri } from './grafana.ts';
import { makeCli } from './run.ts';

describe('clients add', () => {
  test('prints ID and secret once, and keeps only a verifier', async () => {
    const cli = makeCli({ TSIDP_ISSUER: 'https://idp.example' });
    const { exitCode, out } = await cli.run(addGrafana);
    expect(exitCode).toBe(0);
    expect(out).toContain('issuer         https://idp.example\n');
    expect(out).toContain('client ID      grafana\n');
    expect(out).toContain(`redirect URI   ${uri}\n`);
    const secret = secretIn(out);
    expect(await fits(cli, 'grafana', secret)).toBe(true);
    expect(await fits(cli, 'grafana', `${secret}x`)).toBe(false);

    expect(await find(cli, 'grafana')).toEqual({
      id: 'grafana',
      metadata: {
        client_name: 'Grafana',
        redirect_uris: [uri],
        post_logout_redirect_uris: [],
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: [
          'authorization_code',
          'refresh_token',
          'urn:ietf:params:oauth:grant-type:token-exchange',
        ],
        response_types: ['code'],
        id_token_signed_response_alg: 'RS256',
        application_type: 'web',
      },
      options: {},
      secretVerifier: expect.stringMatching(/^hmac-sha256:/u),
      source: 'cli',
      createdAt: expect.any(Number),
      updatedAt: expect.any(Number),
    });
    for (const file of readdirSync(cli.directory)) {
      expect(readFileSync(join(cli.directory, file)).includes(secret), file).toBe(false);
    }
    expect(await auditOf(cli)).toMatchObject([
      { event: 'client', client: 'grafana', detail: { action: 'add', by: 'cli' } },
    ]);
  });

  test('takes every setting, and prints JSON', async () => {
    const cli = makeCli();
    const { out } = await cli.run([
      ...[...addGrafana, '--redirect-uri', 'app.grafana:///cb', '--json', '--login', 'confirm'],
      ...['--post-logout-redirect-uri', 'https://grafana.example/', '--scope', 'openid'],
      ...['--allowed-origin', 'https://spa.example', '--id-token-algorithm', 'ES256'],
    ]);
    const { client_secret: secret, ...printed } = JSON.parse(out);
    expect(printed).toEqual({
      client_id: 'grafana',
      client_name: 'Grafana',
      redirect_uris: [uri, 'app.grafana:///cb'],
      post_logout_redirect_uris: ['https://grafana.example/'],
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: [
        'authorization_code',
        'refresh_token',
        'urn:ietf:params:oauth:grant-type:token-exchange',
      ],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
      application_type: 'web',
      tsidp_login: 'confirm',
      tsidp_scopes: ['openid'],
      tsidp_allowed_origins: ['https://spa.example'],
    });
    expect(await fits(cli, 'grafana', secret)).toBe(true);
  });

  test('makes an ID from the name, another one each time', async () => {
    const cli = makeCli();
    const add = ['clients', 'add', '--name', 'Büro & Café No. 1', '--redirect-uri', uri, '--json'];
    const ids = [await cli.run(add), await cli.run(add)].map(
      ({ out }) => JSON.parse(out).client_id,
    );
    for (const id of ids) expect(id).toMatch(/^b-ro-caf-no-1-[0-9a-f]{8}$/u);
    expect(new Set(ids).size).toBe(2);
  });

  test('adds public clients without a secret', async () => {
    const cli = makeCli();
    const { out } = await cli.run([...addGrafana, '--public']);
    expect(out).toContain('(none: a public client)');
    expect(await find(cli, 'grafana')).toMatchObject({
      secretVerifier: null,
      metadata: { token_endpoint_auth_method: 'none' },
    });
  });

  test('takes a chosen secret from standard input, kept as argon2id, not printed', async () => {
    const cli = makeCli();
    const { out } = await cli.run([...addGrafana, '--secret-stdin'], ' kept from before\n');
    expect(out).not.toContain('kept from before');
    expect((await find(cli, 'grafana'))?.secretVerifier).toMatch(/^argon2id:/u);
    expect(await fits(cli, 'grafana', 'kept from before')).toBe(true);
  });

  test.each([
    ['', 'there is no secret on standard input'],
    ['short', 'must be 8 to 1024 characters'],
    ['long enough but not ASCII: é', 'must be printable ASCII'],
    ['x'.repeat(5000), 'must be 8 to 1024 characters'],
  ])('refuses %j from standard input', async (stdin, problem) => {
    const cli = makeCli();
    const { exitCode, out, err } = await cli.run([...addGrafana, '--secret-stdin'], stdin);
    expect([exitCode, out]).toEqual([1, '']);
    expect(err).toContain(problem);
    expect(existsSync(cli.directory)).toBe(false);
  });

  test('refuses an ID that is taken, in the database or the file', async () => {
    const cli = makeCli();
    const file = join(cli.parent, 'tsidp.jsonc');
    writeFileSync(file, JSON.stringify({ clients: [{ id: 'gitea', redirectUris: [uri] }] }));
    await cli.run(addGrafana);
    const before = await find(cli, 'grafana');
    expect(await cli.run(addGrafana)).toEqual({
      exitCode: 1,
      out: '',
      err: 'tsidp: client "grafana" exists already: choose another --id\n',
    });
    expect(await find(cli, 'grafana')).toEqual(before);
    const add = ['clients', 'add', '--id', 'gitea', '--redirect-uri', uri, '--config', file];
    expect((await cli.run(add)).err).toMatch(/"gitea" is declared in the configuration file/u);
    expect(await find(cli, 'gitea')).toBeUndefined();
  });

  test.each([
    [[], /--name is missing/u],
    [['--id', 'a'], /--redirect-uri: is missing; it must be a list/u],
    [['--id', 'a:b', '--redirect-uri', uri], /--id: "a:b" must be 1 to 128 letters/u],
    [
      ['--id', 'a', '--redirect-uri', uri, '--redirect-uri', 'https://x@evil.example/'],
      /--redirect-uri: "https:\/\/x@evil\.example\/" names a user/u,
    ],
    [['--id', 'a', '--redirect-uri', uri, '--login', 'x'], /--login: "x" must be one of/u],
    [['--id', 'a', '--redirct-uri', uri], /--redirct-uri: .* did you mean "--redirect-uri"/u],
    [['--id', 'a', '--redirect-uri', uri, 'more'], /"more": too many arguments/u],
    [
      ['--id', 'a', '--redirect-uri', uri, '--public', '--secret-stdin'],
      /--public and --secret-stdin cannot be used together/u,
    ],
  ])('called with %j says what is wrong, and touches nothing', async (args, problem) => {
    const cli = makeCli();
    const { exitCode, out, err } = await cli.run(['clients', 'add', ...args]);
    expect([exitCode, out]).toEqual([2, '']);
    expect(err).toMatch(problem);
    expect(err).toContain('usage: tsidp clients add --name NAME');
    expect(existsSync(cli.directory)).toBe(false);
  });
});
