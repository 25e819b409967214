import * as oidc from 'openid-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { startWorld, type World } from '../../world/world.ts';
import { verdictOf } from '../client-authentication/assertion-app.ts';
import { FapiApp, jwksOf, newKeys, redirectUri, refusalOf } from './fapi-app.ts';

const query = { client_id: 'bank', response_type: 'code', redirect_uri: redirectUri };
const challenge = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' };

describe('each demand by itself', () => {
  afterEach(() => {
    vi.useRealTimers();
  });
  const secret = 'a-secret-that-is-long-enough';
  const open = async (member: object) => {
    const client = { id: 'bank', secret, redirectUris: [redirectUri], ...member };
    const world = await startWorld({ clients: [{ ...client, idTokenAlgorithm: 'ES256' }] });
    const keys = await newKeys();
    return { world, app: await FapiApp.open(world, 'bank', keys, oidc.ClientSecretPost(secret)) };
  };
  const visitWithout = async (world: World, more = {}) => {
    const parameters = new URLSearchParams({ ...query, ...more });
    return (await new Browser().open(`${world.issuer}/authorize?${parameters}`)).location?.search;
  };

  it.each([true, false])('requirePushedAuthorizationRequests %s', async (is) => {
    const { world, app } = await open({ requirePushedAuthorizationRequests: is });
    await using _ = world;
    expect(await visitWithout(world, challenge)).toMatch(is ? /Pushed/ : /[?&]code=/);
    expect((await app.redeem(await app.visit())).token_type).toBe('bearer');
  });

  it.each([true, false])('requirePkce %s', async (is) => {
    const { world, app } = await open({ requirePkce: is });
    await using _ = world;
    expect(await visitWithout(world)).toMatch(is ? /PKCE/ : /[?&]code=/);
    expect((await app.redeem(await app.visit())).token_type).toBe('bearer');
  });

  it.each([true, false])('dpopBoundAccessTokens %s', async (is) => {
    const { world, app } = await open({ dpopBoundAccessTokens: is });
    await using _ = world;
    expect(await refusalOf(app.redeem(await app.visit()))).toMatch(is ? /DPoP/ : /taken/);
    const bound = await app.handle(await newKeys());
    expect((await app.redeem(await app.visit(), bound)).token_type).toBe('dpop');
  });

  it.each([true, false])('rotateRefreshTokens %s', async (is) => {
    const { world, app } = await open({ rotateRefreshTokens: is });
    await using _ = world;
    const { refresh_token: token = '' } = await app.redeem(await app.visit());
    expect((await app.refresh(token)).refresh_token === token).toBe(!is);
  });

  it.each(['issuer', 'endpoint'])('assertionAudience %s', async (audience) => {
    const keys = await newKeys();
    const demand = { secret: undefined, assertionAudience: audience };
    const { world } = await open({ ...demand, jwks: await jwksOf(keys) });
    await using _ = world;
    const app = await FapiApp.open(world, 'bank', keys);
    const form = { grant_type: 'refresh_token', refresh_token: 'nobody-has-this-one' };
    const verdict = async (aud: unknown) => verdictOf(await app.post('/token', form, { aud }));
    expect(await verdict(world.issuer)).toBe('invalid_grant');
    const others = [await verdict([world.issuer]), await verdict(`${world.issuer}/token`)];
    const refusal = 'invalid_client: audience (aud) must be the issuer identifier, as one string';
    const expected = audience === 'issuer' ? refusal : 'invalid_grant';
    expect(others).toEqual([expected, expected]);
  });

  it('lifetimes.codeSeconds', async () => {
    const { world, app } = await open({ lifetimes: { codeSeconds: 5 } });
    await using _ = world;
    vi.useFakeTimers({ toFake: ['Date'] });
    const visited = await app.visit();
    vi.setSystemTime(Date.now() + 6000);
    expect(await refusalOf(app.redeem(visited))).toMatch(/^invalid_grant: .*expired/);
  });
});
