import * as oidc from 'openid-client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { openApp } from '../../world/app.ts';
import { attempt, call, failure, json, login, refresh, tokensOf } from '../../world/login.ts';
import { all, configuration, mcp } from '../../world/resource-world.ts';
import { startWorld, type World } from '../../world/world.ts';

const sorted = (scope: string) => scope.split(' ').toSorted();

/** As a client sends them that names at each refresh what it asked for at the login (angular-oauth2-oidc). */
const wishes = ['openid offline_access', 'openid profile email offline_access'];

describe('offline_access of clients that get a refresh token', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      ...configuration,
      clients: configuration.clients.map((client) =>
        client.id === 'post'
          ? { ...client, grantTypes: ['authorization_code'] }
          : client.id === 'spa'
            ? { ...client, scopes: ['openid', 'email'] }
            : client,
      ),
    });
  });
  beforeEach(() => allowInPolicy(world.simulator, all));
  afterAll(() => world[Symbol.asyncDispose]());

  test.each(wishes)('scope=%s is listed, and may be named at each refresh', async (scope) => {
    let tokens = await login(world.browser(), world.issuer, 'grafana', { scope });
    expect(sorted(tokens.scope)).toEqual(sorted(scope));
    for (let time = 0; time < 2; time += 1) {
      tokens = tokensOf(await refresh(world.issuer, tokens.refreshToken, 'grafana', { scope }));
      expect(sorted(tokens.scope)).toEqual(sorted(scope));
    }
  });

  test('the scopes of a client take nothing of a refresh token that it gets', async () => {
    const scope = 'openid profile offline_access';
    const tokens = await login(world.browser(), world.issuer, 'spa', { scope });
    expect(sorted(tokens.scope)).toEqual(['offline_access', 'openid']);
    const more = { scope: 'openid offline_access' };
    expect(failure(await refresh(world.issuer, tokens.refreshToken, 'spa', more))).toBe('200');
  });

  test('a refresh may name what its token is, not what the login did not ask for', async () => {
    const first = await login(world.browser(), world.issuer, 'grafana', { scope: 'openid' });
    const wider = { scope: 'openid email offline_access' };
    const refused = await refresh(world.issuer, first.refreshToken, 'grafana', wider);
    expect(failure(refused)).toBe('400 invalid_scope');
    const named = { scope: 'openid offline_access' };
    const next = tokensOf(await refresh(world.issuer, first.refreshToken, 'grafana', named));
    expect(next.scope).toBe('openid');
  });

  test('without a refresh token it is not granted', async () => {
    const tokens = await login(world.browser(), world.issuer, 'post', {
      scope: 'openid offline_access',
    });
    expect(tokens).toMatchObject({ scope: 'openid', refreshToken: '' });
  });

  test('a pushed request (RFC 9126) keeps it', async () => {
    const begun = attempt(world.issuer, 'grafana', { scope: 'openid offline_access' });
    const pushed = json(await call(world.issuer, '/request', 'grafana', begun.parameters));
    const url = new URL('/authorize', world.issuer);
    url.search = new URLSearchParams({
      client_id: 'grafana',
      request_uri: String(pushed['request_uri']),
    }).toString();
    const code = (await world.browser().open(url)).location?.searchParams.get('code');
    const answer = await call(world.issuer, '/token', 'grafana', {
      grant_type: 'authorization_code',
      code: String(code),
      code_verifier: begun.verifier,
      redirect_uri: String(begun.parameters['redirect_uri']),
    });
    expect(tokensOf(answer).scope).toBe('openid offline_access');
  });

  test('with a resource, openid-client reads all that was granted, at each refresh', async () => {
    const app = await openApp(world, 'grafana');
    const scope = 'openid email offline_access read_file';
    const tokens = await app.login(world.browser(), { scope, resource: mcp });
    expect(sorted(tokens.scope ?? '')).toEqual(sorted(scope));
    const next = await oidc.refreshTokenGrant(app.config, tokens.refresh_token ?? '', { scope });
    expect(sorted(next.scope ?? '')).toEqual(sorted(scope));
    const less = { scope: 'openid read_file' };
    const last = await oidc.refreshTokenGrant(app.config, next.refresh_token ?? '', less);
    expect(sorted(last.scope ?? '')).toEqual(['openid', 'read_file']);
  });

  test('offline_access alone at a resource means what there is of it', async () => {
    const more = { scope: 'offline_access', resource: mcp };
    const tokens = await login(world.browser(), world.issuer, 'grafana', more);
    expect(sorted(tokens.scope)).toEqual(['list', 'offline_access', 'read_file', 'run_code']);
  });
});
