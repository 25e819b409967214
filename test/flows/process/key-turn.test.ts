import { generateKeyPairSync } from 'node:crypto';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { databasePath } from '../../../src/store/sqlite/open.ts';
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts';
import {
  codeFor,
  isActive,
  login,
  redeem,
  refresh,
  tokensOf,
  userinfo,
} from '../../world/login.ts';
import { startWorld, type World } from '../../world/world.ts';

const kid = '17';
const lanes = 4;
/** Logins of a lane, at most. */
const patience = 200;

/** As another process takes tsidp's key over beside the running daemon. */
async function importKey({ directory }: World, material?: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
  const store = openSqlite({ path: databasePath(`${directory}/state`), clock: systemClock });
  const at = systemClock.nowSeconds();
  await store.keys.add({
    id: kid,
    purpose: 'signing',
    algorithm: 'RS256',
    material: material ?? JSON.stringify(jwk),
    createdAt: at,
  });
  await store.imports.add({ kind: 'key', name: kid, digest: '', at });
  await store.committed();
  await store.close();
}

const signedBy = (idToken: string): string | undefined => decodeProtectedHeader(idToken).kid;

/** As an app that has no keys yet. */
async function verify({ issuer }: World, idToken: string): Promise<string | undefined> {
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer));
  return (await jwtVerify(idToken, keys, { issuer, audience: 'grafana' })).payload.sub;
}

test('T23 keys turn while people log in: no login fails, and what was issued before is good', async () => {
  await using world = await startWorld();
  const { issuer } = world;
  const before = await login(world.browser(), issuer);
  const code = await codeFor(world.browser(), issuer, 'grafana');
  const kids = new Set<string | undefined>();
  const seen = Promise.withResolvers<void>();
  const lane = async (): Promise<void> => {
    for (let logins = 0; logins < patience; logins += 1) {
      const { idToken } = await login(world.browser(), issuer);
      expect(await verify(world, idToken)).toBe('userid:1');
      kids.add(signedBy(idToken));
      seen.resolve();
      if (signedBy(idToken) === kid) return;
    }
  };
  const logins = Promise.all(Array.from({ length: lanes }, lane));
  await Promise.race([seen.promise, logins]);
  await importKey(world);
  // no one hears of it until the ring turns
  expect(signedBy((await login(world.browser(), issuer)).idToken)).not.toBe(kid);
  await world.turnKeys();
  await logins;
  expect([...kids]).toEqual([signedBy(before.idToken), kid]);

  expect(await verify(world, before.idToken)).toBe(before.claims['sub']);
  expect(await isActive(issuer, before.accessToken)).toBe(true);
  expect((await userinfo(issuer, before.accessToken)).status).toBe(200);
  const redeemed = tokensOf(await redeem(issuer, code));
  const refreshed = tokensOf(await refresh(issuer, before.refreshToken));
  expect([signedBy(redeemed.idToken), signedBy(refreshed.idToken)]).toEqual([kid, kid]);
});

test('T23 a key that can not be read turns nothing', async () => {
  await using world = await startWorld();
  const before = await login(world.browser(), world.issuer);
  await importKey(world, '{"kid":"17","alg":"RS256"}');
  await expect(world.turnKeys()).rejects.toThrow(/signing key "17" in the database can't be read/);
  const after = await login(world.browser(), world.issuer);
  expect(signedBy(after.idToken)).toBe(signedBy(before.idToken));
});
