import * as oidc from 'openid-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { json, userinfo } from '../../world/login.ts';
import { register, registeredIn } from '../../world/register.ts';
import { startWorld, type World } from '../../world/world.ts';
import {
  claimsFor,
  jwksOf as jwksOfPairs,
  present,
  rsaKeys,
  signed,
  verdictOf,
} from '../client-authentication/assertion-app.ts';
import { FapiApp, jwksOf, type Keys, newKeys, redirectUri, refusalOf } from './fapi-app.ts';

/** By the names of the OpenID Foundation's modules for the FAPI 2.0 Security Profile. */

const at = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const query = { client_id: 'bank', response_type: 'code', redirect_uri: redirectUri };
const challenge = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' };

describe.each(['bank', 'one that registered itself'])('FAPI 2.0: %s', (id) => {
  let world: World;
  let keys: Keys;
  let app: FapiApp;
  let bound: oidc.DPoPHandle;
  let clientId: string;

  beforeAll(async () => {
    keys = await newKeys();
    const jwks = await jwksOf(keys);
    world = await startWorld({
      clients: [{ id: 'bank', profile: 'fapi2', jwks, redirectUris: [redirectUri] }],
      lifetimes: { codeSeconds: 600 },
      registration: { mode: 'tailnet' },
    });
    clientId = id === 'bank' ? id : await registered(world, jwks);
    app = await FapiApp.open(world, clientId, keys);
  });
  afterAll(() => world[Symbol.asyncDispose]());
  beforeEach(async () => {
    bound = await app.handle(await newKeys());
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('happy-flow', async () => {
    const tokens = await app.redeem(await app.visit(new Browser(), bound), bound);
    expect(tokens.token_type).toBe('dpop');
    const subject = tokens.claims()?.sub ?? '';
    const info = await oidc.fetchUserInfo(app.config, tokens.access_token, subject, {
      DPoP: bound,
    });
    expect(info.sub).toBe(subject);
  });

  it('ensure-unsigned-authorization-request-without-using-par-fails', async () => {
    const parameters = new URLSearchParams({ ...query, client_id: clientId, ...challenge });
    const answer = await new Browser().follow(`${world.issuer}/authorize?${parameters}`);
    const said = answer.location?.search ?? answer.body;
    expect(said).toContain('invalid_request');
    expect(said).toMatch(/Pushed.Authorization.Request.must.be.used/);
    expect(said).not.toMatch(/[?&]code=/);
  });

  it('par-ensure-pkce-required', async () => {
    const answer = await app.post('/request', { ...query, client_id: clientId });
    expect([answer.status, json(answer)]).toMatchObject([400, { error: 'invalid_request' }]);
    expect(answer.body).toContain('PKCE');
  });

  it('ensure-holder-of-key-required: no token without a proof, which costs no code', async () => {
    const visited = await app.visit();
    expect(await refusalOf(app.redeem(visited))).toMatch(/^invalid_grant: .*DPoP/);
    const tokens = await app.redeem(visited, bound);
    expect(await refusalOf(app.refresh(tokens.refresh_token ?? ''))).toMatch(/DPoP/);
    expect((await userinfo(world.issuer, tokens.access_token)).status).toBe(401);
    expect((await app.refresh(tokens.refresh_token ?? '', bound)).token_type).toBe('dpop');
  });

  it.each<[string, (issuer: string) => unknown]>([
    ['par-test-array-as-audience', (issuer) => [issuer]],
    ['par-test-par-endpoint-url-as-audience', (issuer) => `${issuer}/request`],
    ['par-test-token-endpoint-url-as-audience', (issuer) => `${issuer}/token`],
    ['issuer with a slash', (issuer) => `${issuer}/`],
    ['issuer among others', (issuer) => [issuer, 'https://other.test']],
  ])('%s', async (_, audience) => {
    const claims = { aud: audience(world.issuer) };
    for (const path of ['/request', '/token', '/introspect', '/revoke']) {
      const form = { ...query, client_id: clientId, ...challenge, token: 'x', grant_type: 'x' };
      expect(json(await app.post(path, form, claims))).toMatchObject({ error: 'invalid_client' });
    }
  });

  it('refresh-token: it works again after 30 seconds, and at once, and is no login', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const tokens = await app.redeem(await app.visit(new Browser(), bound), bound);
    const token = tokens.refresh_token ?? '';
    const before = auditLog(world.directory).length;
    for (const pauseSeconds of [0, 30, 3600]) {
      at(pauseSeconds);
      const refreshed = await Promise.all([app.refresh(token, bound), app.refresh(token, bound)]);
      expect(refreshed.map((one) => one.refresh_token)).toEqual([token, token]);
    }
    const events = auditLog(world.directory).slice(before);
    expect(events.map(({ event }) => event)).toEqual(Array(6).fill('refresh'));
  });

  it('a code lives 60 seconds, whatever others have', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const [early, late] = [await app.visit(), await app.visit()];
    at(58);
    expect((await app.redeem(early, bound)).token_type).toBe('dpop');
    at(3);
    expect(await refusalOf(app.redeem(late, bound))).toMatch(/^invalid_grant: .*expired/);
  });
});

async function registered(world: World, jwks: object): Promise<string> {
  const answer = await register(world.issuer, {
    client_name: 'A bank',
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks,
    id_token_signed_response_alg: 'ES256',
    require_pushed_authorization_requests: true,
    dpop_bound_access_tokens: true,
  });
  return registeredIn(answer).client_id;
}

it('client assertions of the profile are signed with PS256, never RS256', async () => {
  const pair = rsaKeys();
  const client = {
    id: 'bank',
    profile: 'fapi2',
    jwks: jwksOfPairs(pair),
    redirectUris: [redirectUri],
  };
  await using world = await startWorld({ clients: [client] });
  const verdict = async (alg: string) =>
    verdictOf(await present(world, await signed(claimsFor(world, 'bank'), pair, alg)));
  // its refresh token is not looked at without a proof
  expect(await verdict('PS256')).toBe('invalid_grant');
  expect(await verdict('RS256')).toMatch(/^invalid_client: .*PS256/);
});
