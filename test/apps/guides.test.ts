import { readdirSync, readFileSync } from 'node:fs';
import * as oidc from 'openid-client';
import { describe, expect, test } from 'vitest';
import { Browser } from '../world/browser.ts';
import { alice, bob, follow, type SignIn, secret, signIn } from './guide.ts';

const directory = new URL('../../docs/apps/', import.meta.url);

test('every guide stands in the index', () => {
  const index = readFileSync(new URL('README.md', directory), 'utf8');
  const guides = readdirSync(directory).filter((name) => name !== 'README.md');
  expect(guides).toHaveLength(6);
  for (const name of guides) expect(index).toContain(`(${name})`);
});

describe('Proxmox VE', () => {
  const state = '{"csrf_token":"n0nce","data":{"realm":"tsidp","x":"a b&c"}}';
  const app: SignIn = {
    clientId: 'proxmox',
    redirectUri: 'https://pve.tail1234.ts.net:8006',
    asks: { scope: 'openid email profile', state, nonce: 'n', display: 'page' },
    pkce: true,
    authentication: 'basic',
  };

  test('an operator: the state byte for byte, email and groups', async () => {
    await using world = await follow('proxmox');
    const { idToken, answer } = await signIn(world, alice, app);
    expect(answer.get('state')).toBe(state);
    expect(idToken).toMatchObject({
      nonce: 'n',
      email: 'alice@example.com',
      groups: ['operators'],
    });
    const other = { ...app, redirectUri: 'https://pve.lan:8006' };
    expect((await signIn(world, alice, other)).idToken['sub']).toBe('userid:1');
  });

  test('nobody else', async () => {
    await using world = await follow('proxmox');
    await expect(signIn(world, bob, app)).rejects.toThrow(/no grant .* enter Proxmox VE/);
  });
});

describe('Grafana', () => {
  const app: SignIn = {
    clientId: 'grafana',
    redirectUri: 'https://grafana.tail1234.ts.net/login/generic_oauth',
    asks: { scope: 'openid profile email groups', state: 's', access_type: 'online' },
    pkce: true,
    authentication: 'basic',
  };
  /** `contains(groups[*], 'grafana-admins') && 'Admin' || 'Viewer'` */
  const roleOf = (groups: unknown) =>
    Array.isArray(groups) && groups.includes('grafana-admins') ? 'Admin' : 'Viewer';

  test.each([
    [alice, 'alice', 'Admin'],
    [bob, 'bob', 'Viewer'],
  ])('%s is %s, %s', async (address, login, role) => {
    await using world = await follow('grafana');
    const { idToken, userinfo, tokens } = await signIn(world, address, app);
    for (const claims of [idToken, userinfo]) {
      expect(roleOf(claims['groups'])).toBe(role);
      expect(claims).toMatchObject({ preferred_username: login, email: `${login}@example.com` });
    }
    expect(tokens).toHaveProperty('refresh_token');
  });
});

describe('Immich, through its own library', () => {
  test.each([
    ['the web', 'https://immich.tail1234.ts.net/auth/login', alice, 'admin'],
    ['the settings', 'https://immich.tail1234.ts.net/user-settings', bob, undefined],
    ['the phone', 'app.immich:///oauth-callback', bob, undefined],
  ])('%s', async (_, redirectUri, address, role) => {
    await using world = await follow('immich');
    const config = await oidc.discovery(
      new URL(world.issuer),
      'immich',
      { client_secret: secret, response_types: ['code'], id_token_signed_response_alg: 'RS256' },
      oidc.ClientSecretPost(secret),
      { execute: [oidc.allowInsecureRequests] },
    );
    const state = oidc.randomState();
    const verifier = oidc.randomPKCECodeVerifier();
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid email profile',
      state,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const { location } = await new Browser(address).open(url);
    expect(location?.href.startsWith(`${redirectUri}?`)).toBe(true);
    const tokens = await oidc.authorizationCodeGrant(config, location!, {
      expectedState: state,
      pkceCodeVerifier: verifier,
    });
    const subject = tokens.claims()?.sub ?? '';
    const profile = await oidc.fetchUserInfo(config, tokens.access_token, subject);
    const login = address === alice ? 'alice' : 'bob';
    expect(profile).toMatchObject({
      email: `${login}@example.com`,
      preferred_username: login,
    });
    expect(profile['immich_role']).toBe(role);
  });
});

describe('Portainer', () => {
  const app: SignIn = {
    clientId: 'portainer',
    redirectUri: 'https://portainer.tail1234.ts.net:9443',
    asks: { scope: 'openid profile email groups', state: 's' },
    pkce: false,
    authentication: 'post',
    confirms: true,
  };

  test.each(['openid profile email groups', 'openid,profile,email,groups'])(
    'scopes as %s',
    async (scope) => {
      await using world = await follow('portainer');
      const { userinfo } = await signIn(world, alice, { ...app, asks: { scope, state: 's' } });
      expect(userinfo).toMatchObject({ username: 'alice', groups: ['operators'] });
    },
  );

  test('nobody outside the required group', async () => {
    await using world = await follow('portainer');
    await expect(signIn(world, bob, app)).rejects.toThrow(/no grant .* enter Portainer/);
  });
});

describe('Argo CD', () => {
  const scope = 'openid profile email groups offline_access';
  const web: SignIn = {
    clientId: 'argocd',
    redirectUri: 'https://argocd.tail1234.ts.net/auth/callback',
    asks: { scope, state: 's' },
    pkce: false,
    authentication: 'basic',
  };
  const commandLine: SignIn = {
    clientId: 'argocd-cli',
    redirectUri: 'http://localhost:8085/auth/callback',
    asks: { scope, state: 's' },
    pkce: true,
    authentication: 'none',
    confirms: true,
  };

  test.each([
    ['web', alice, 'sre', web],
    ['web', bob, 'dev', web],
    ['command line', alice, 'sre', commandLine],
    ['command line', bob, 'dev', commandLine],
  ])('%s, %s is in %s', async (_, address, group, app) => {
    await using world = await follow('argo-cd');
    const { idToken, tokens } = await signIn(world, address, app);
    expect(idToken).toMatchObject({ groups: [group], email: expect.stringContaining('@') });
    expect(tokens).toHaveProperty('refresh_token');
  });
});

describe('Kubernetes', () => {
  const kubelogin: SignIn = {
    clientId: 'kubernetes',
    // its usual port is taken, so it waits at another one
    redirectUri: 'http://localhost:18000',
    asks: { scope: 'email openid', state: 's', nonce: 'n', access_type: 'offline' },
    pkce: true,
    authentication: 'none',
    confirms: true,
  };

  test('a token that the API server takes', async () => {
    await using world = await follow('kubernetes');
    const { idToken } = await signIn(world, alice, kubelogin);
    const { iat = 0, exp = 0 } = idToken;
    expect(idToken).toMatchObject({
      aud: 'kubernetes',
      nonce: 'n',
      email: 'alice@example.com',
      email_verified: true,
      groups: ['k8s-admins'],
    });
    expect(exp - iat).toBe(300);
  });

  test('nobody else', async () => {
    await using world = await follow('kubernetes');
    await expect(signIn(world, bob, kubelogin)).rejects.toThrow(/no grant .* enter Kubernetes/);
  });
});
