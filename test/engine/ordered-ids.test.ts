import { expect, test } from 'vitest';
import { patchTokenIds } from '../../src/engine/ordered-ids.ts';
import { bareProvider } from './bare-provider.ts';

const common = { accountId: 'userid:1', scope: 'openid', gty: 'authorization_code' };

test('what is issued begins with the time and keeps its 256 random bits', async () => {
  const provider = bareProvider();
  patchTokenIds(provider);
  const client = await provider.Client.find('app');
  const before = Date.now();
  const grantId = await new provider.Grant({ accountId: 'userid:1', clientId: 'app' }).save();
  const known = { ...common, client, grantId } as never;
  const values = [
    grantId,
    await new provider.AuthorizationCode(known).save(),
    await new provider.AccessToken(known).save(),
    await new provider.RefreshToken(known).save(),
    await new provider.ClientCredentials({ client, scope: 'a' } as never).save(),
  ];
  const after = Date.now();
  for (const value of values) {
    expect(value).toMatch(/^[\w-]{51}$/);
    const madeAtMs = Buffer.from(value.slice(0, 8), 'base64url').readUIntBE(0, 6);
    expect(madeAtMs).toBeGreaterThanOrEqual(before);
    expect(madeAtMs).toBeLessThanOrEqual(after);
  }
  expect(new Set(values.map((value) => value.slice(8))).size).toBe(values.length);
  expect(await provider.AccessToken.find(values[2] as string)).toMatchObject({ grantId });
  expect(await provider.RefreshToken.find(values[3] as string)).toMatchObject({ grantId });
});

test('a token of another time is another token', async () => {
  const provider = bareProvider();
  patchTokenIds(provider);
  const client = await provider.Client.find('app');
  const token = await new provider.ClientCredentials({ client, scope: 'a' } as never).save();
  const later = Buffer.from(token.slice(0, 8), 'base64url');
  later.writeUInt8((later.readUInt8(5) + 1) % 256, 5);
  expect(await provider.ClientCredentials.find(token)).toBeDefined();
  for (const other of [token.slice(8), later.toString('base64url') + token.slice(8), `${token}A`]) {
    expect(await provider.ClientCredentials.find(other)).toBeUndefined();
  }
});
