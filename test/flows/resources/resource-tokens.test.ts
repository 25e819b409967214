import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { Browser } from '../../world/browser.ts';
import { codeFor, json, login, redeem, refresh, tokensOf, userinfo } from '../../world/login.ts';
import {
  all,
  configuration,
  grafana,
  introspect,
  mcp,
  notes,
  post,
  send,
  tokensFor,
} from '../../world/resource-world.ts';
import { startWorld, type World } from '../../world/world.ts';

describe('tokens for a resource', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(configuration);
  });
  beforeEach(() => allowInPolicy(world.simulator, all));
  afterAll(() => world[Symbol.asyncDispose]());

  test('refresh stays at the resource, and follows the grants (T04)', async () => {
    const first = await tokensFor(world, { scope: 'read_file run_code' });
    const narrower = all.map((one) =>
      one['scopes'] && JSON.stringify(one['scopes']).includes('run_code')
        ? { ...one, scopes: [{ resource: mcp, scopes: ['read_file'] }] }
        : one,
    );
    allowInPolicy(world.simulator, narrower);
    const answer = await refresh(world.issuer, first.refreshToken);
    const second = json(answer);
    expect(second).toMatchObject({ scope: 'read_file' });
    expect(decodeJwt(String(second['access_token']))).toMatchObject({ aud: mcp });
    // the first one is worth what the policy gives now
    expect(await introspect(world, first.accessToken)).toMatchObject({ scope: 'read_file' });
    allowInPolicy(world.simulator, []);
    expect(await introspect(world, first.accessToken)).toEqual({ active: false });
    const last = await refresh(world.issuer, String(second['refresh_token']));
    expect(json(last)).toMatchObject({ error: 'invalid_grant' });
  });

  test('refresh for another resource is invalid_target', async () => {
    const { refreshToken } = await tokensFor(world, { scope: 'read_file' });
    const answer = await refresh(world.issuer, refreshToken, 'grafana', { resource: notes });
    expect(json(answer)).toMatchObject({ error: 'invalid_target' });
  });

  test("T06 a token for one resource is inactive for another resource's server", async () => {
    const { accessToken } = await tokensFor(world, { scope: 'read_file' });
    expect(await introspect(world, accessToken)).toMatchObject({
      active: true,
      aud: mcp,
      sub: 'userid:1',
      client_id: 'grafana',
      email: 'alice@example.com',
    });
    expect(await introspect(world, accessToken, post)).toEqual({ active: false });
    const { accessToken: opaque } = await tokensFor(world, { resource: notes, scope: 'notes' });
    expect(await introspect(world, opaque)).toEqual({ active: false });
    expect(await introspect(world, opaque, post)).toEqual({ active: false });
  });

  test('T05 a token for a resource does not open userinfo', async () => {
    for (const more of [
      { scope: 'openid read_file' },
      { resource: notes, scope: 'openid notes' },
    ]) {
      const { accessToken } = await tokensFor(world, more);
      expect((await userinfo(world.issuer, accessToken)).status).toBeOneOf([401, 403]);
    }
  });

  test('T12 a JWT is inactive once it is revoked, and so is what came with it', async () => {
    const revoked = await tokensFor(world, { scope: 'read_file' });
    const kept = await tokensFor(world, { scope: 'read_file' });
    // another client's attempt is answered alike and ends nothing (T01)
    expect((await send(world, '/revoke', { token: revoked.accessToken })).status).toBe(200);
    expect(await introspect(world, revoked.accessToken)).toMatchObject({ active: true });
    await send(world, '/revoke', { token: revoked.accessToken }, grafana);
    expect(await introspect(world, revoked.accessToken)).toEqual({ active: false });
    expect(json(await refresh(world.issuer, revoked.refreshToken))).toMatchObject({
      error: 'invalid_grant',
    });
    expect(await introspect(world, kept.accessToken)).toMatchObject({ active: true });
  });

  test('T24 a code that comes twice ends the JWT that it gave', async () => {
    const code = await codeFor(new Browser(), world.issuer, 'grafana', { resource: mcp });
    const { accessToken } = tokensOf(await redeem(world.issuer, code));
    expect(await introspect(world, accessToken)).toMatchObject({ active: true });
    await redeem(world.issuer, code);
    expect(await introspect(world, accessToken)).toEqual({ active: false });
  });

  test('T11 T28 no altered, foreign or unsigned JWT is active, and no bare jti', async () => {
    const { accessToken } = await tokensFor(world, { scope: 'read_file' });
    const [header = '', payload = '', signature = ''] = accessToken.split('.');
    const { jti = '' } = decodeJwt(accessToken);
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    const wider = encode({ ...read(payload), scope: 'read_file run_code' });
    const forged = [
      jti,
      `${header}.${wider}.${signature}`,
      `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      `${encode({ ...read(header), alg: 'HS256' })}.${payload}.${signature}`,
      `${encode({ ...read(header), kid: 'other' })}.${payload}.${signature}`,
      `${encode({ ...read(header), jwk: { kty: 'oct', k: 'AAAA' } })}.${payload}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -2)}`,
      `${header}.${payload}.${signature}A`,
      `${header}.${encode({ jti })}.${signature}`,
      `${'eyJ'.padEnd(20_000, 'A')}.${payload}.${signature}`,
    ];
    for (const token of forged) {
      const answer = await send(world, '/introspect', { token });
      expect(json(answer), token.slice(0, 80)).toEqual({ active: false });
      expect(answer.status).toBe(200);
    }
    expect(await introspect(world, accessToken)).toMatchObject({ active: true });
  });

  test('an opaque token that a forged JWT names is not found through it', async () => {
    const { accessToken } = await login(new Browser(), world.issuer, 'grafana');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${encode({ alg: 'RS256' })}.${encode({ jti: accessToken })}.AAAA`;
    expect(await introspect(world, token)).toEqual({ active: false });
    expect(await introspect(world, accessToken)).toMatchObject({ active: true });
  });

  test('T11 a refresh token that a forged JWT names is not found through it', async () => {
    const { refreshToken } = await login(new Browser(), world.issuer, 'grafana');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${encode({ alg: 'RS256' })}.${encode({ jti: refreshToken })}.AAAA`;
    expect(await introspect(world, token, grafana)).toEqual({ active: false });
    await send(world, '/revoke', { token }, grafana);
    expect(json(await refresh(world.issuer, refreshToken))).toHaveProperty('access_token');
  });

  test('an ID token is not an access token', async () => {
    const { idToken } = await tokensFor(world, { scope: 'openid read_file' });
    expect(await introspect(world, idToken)).toEqual({ active: false });
  });

  test('JWTs live on over a restart', async () => {
    const { accessToken } = await tokensFor(world, { scope: 'read_file' });
    await world.restart();
    expect(await introspect(world, accessToken)).toMatchObject({ active: true });
  });

  test('a removed resource ends its tokens', async () => {
    const { accessToken, refreshToken } = await tokensFor(world, { scope: 'read_file' });
    await world.restart({ ...configuration, resources: [] });
    expect(await introspect(world, accessToken)).toEqual({ active: false });
    expect(json(await refresh(world.issuer, refreshToken))).toMatchObject({
      error: 'invalid_grant',
    });
    await world.restart(configuration);
  });

  test('T22 no token and no part of one is in the log or the database', async () => {
    const { accessToken } = await tokensFor(world, { scope: 'read_file' });
    await introspect(world, accessToken);
    expect(world.logged()).not.toContain(accessToken.split('.')[2]);
  });
});
