import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { addGrafana, find } from './grafana.ts';
import { makeCli } from './run.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwks = { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: '1' }] };

const fileOf = (text: string): string => {
  const directory = mkdtempSync(join(tmpdir(), 'tsidp-keys-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'jwks.json');
  writeFileSync(file, text);
  return file;
};

describe('clients add with keys', () => {
  test('makes no secret', async () => {
    const cli = makeCli();
    const { exitCode, out } = await cli.run([
      ...addGrafana,
      '--jwks',
      fileOf(JSON.stringify(jwks)),
    ]);
    expect([exitCode, out]).toEqual([0, expect.stringContaining('it signs with its keys')]);
    expect(await find(cli, 'grafana')).toMatchObject({
      metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks },
      secretVerifier: null,
    });
  });

  test('takes a URL instead', async () => {
    const cli = makeCli();
    const uri = 'https://grafana.example/jwks';
    await cli.run([...addGrafana, '--jwks-uri', uri]);
    expect(await find(cli, 'grafana')).toMatchObject({
      metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: uri },
      secretVerifier: null,
    });
  });

  test.each<[() => string[], number, RegExp]>([
    [() => ['--jwks', '/nowhere/jwks.json'], 1, /--jwks: \/nowhere\/jwks\.json: there is no such/],
    [() => ['--jwks', fileOf('{')], 1, /is not JSON/],
    [() => ['--jwks', fileOf('[]')], 2, /--jwks: /],
    [() => ['--jwks', fileOf('{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}')], 2, /symmetric/],
    [() => ['--jwks-uri', 'http://a.example/'], 2, /--jwks-uri: "http:\/\/a\.example\/" must be/],
    [
      () => ['--jwks-uri', 'https://a.example/', '--public'],
      2,
      /--public and --jwks-uri cannot be used together/,
    ],
    [
      () => ['--jwks', 'a', '--secret-stdin'],
      2,
      /--jwks and --secret-stdin cannot be used together/,
    ],
  ])('says what is wrong, and adds nothing', async (flags, code, problem) => {
    const cli = makeCli();
    const { exitCode, err } = await cli.run([...addGrafana, ...flags()]);
    expect(err).toMatch(problem);
    expect(exitCode).toBe(code);
    expect(existsSync(cli.directory) && (await find(cli, 'grafana'))).toBeFalsy();
  });
});
