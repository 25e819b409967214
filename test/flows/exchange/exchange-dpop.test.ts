import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { codeFor, json } from '../../world/login.ts';
import type { World } from '../../world/world.ts';
import { exchangeForm, mcp, post, senders, startExchanging, worker } from './exchange-world.ts';

const both = 'read_file run_code';

test('T05 a token that is bound to a key stays bound (DPoP)', async () => {
  await using world = await startExchanging();
  const own = await keyPair();
  const other = await keyPair();
  const bound = await boundLogin(world, own);
  expect(bound).toContain('.');
  const by = async (sender: 'grafana' | 'ci', pair?: Pair) =>
    post(
      world,
      '/token',
      exchangeForm(bound, { resource: mcp }),
      senders[sender],
      pair ? { dpop: await proofOf(world, pair) } : {},
    );
  for (const answer of [await by('grafana'), await by('ci'), await by('grafana', other)]) {
    expect(json(answer)).toMatchObject({ error: 'invalid_request' });
  }
  const same = json(await by('grafana', own));
  expect(same).toMatchObject({ token_type: 'DPoP' });
  const { cnf } = decodeJwt(String(same['access_token'])) as { cnf?: { jkt?: string } };
  expect(cnf?.jkt).toBeTypeOf('string');
  // a resource has no such key: what it gets is bound to one of its own
  expect(json(await by('ci', other))).toMatchObject({ token_type: 'DPoP' });
  const proof = await proofOf(world, own);
  const twice = () =>
    post(world, '/token', exchangeForm(bound, { resource: mcp }), senders.grafana, {
      dpop: proof,
    });
  expect((await twice()).status).toBe(200);
  expect((await twice()).status).toBe(400);
});

type Pair = Awaited<ReturnType<typeof keyPair>>;
async function keyPair() {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  return { privateKey, jwk: await exportJWK(publicKey) };
}

const proofOf = ({ issuer }: World, { privateKey, jwk }: Pair) =>
  new SignJWT({ htm: 'POST', htu: `${issuer}/token`, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .setIssuedAt()
    .sign(privateKey);

async function boundLogin(world: World, pair: Pair): Promise<string> {
  const { code, attempt } = await codeFor(new Browser(), world.issuer, 'grafana', {
    resource: worker,
    scope: both,
  });
  const form = {
    grant_type: 'authorization_code',
    code,
    code_verifier: attempt.verifier,
    redirect_uri: attempt.parameters['redirect_uri'] ?? '',
  };
  const headers = { dpop: await proofOf(world, pair) };
  return String(json(await post(world, '/token', form, senders.grafana, headers))['access_token']);
}
