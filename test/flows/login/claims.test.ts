import * as oidc from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { integerText, parseLossless } from '../../../src/peer/lossless-json.ts';
import { bearer, openApp } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { type Claims, movePeopleIn, recorded } from '../../world/people.ts';
import { startWorld, type World } from '../../world/world.ts';

describe('claims', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await movePeopleIn(world);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** ID token, userinfo and introspection of a login from 127.0.0.`host`, with every digit. */
  async function claimsOf(host: number, scope = 'openid email profile') {
    const app = await openApp(world, 'grafana');
    const tokens = await app.login(new Browser(`127.0.0.${host}`), { scope, nonce: 'n' });
    const payload = tokens.id_token?.split('.')[1] ?? '';
    const userinfo = await new Browser().open(`${world.issuer}/userinfo`, {
      headers: bearer(tokens.access_token),
    });
    const introspection = await app.post('/introspect', { token: tokens.access_token });
    return {
      idToken: read(Buffer.from(payload, 'base64url').toString('utf8')),
      userinfo: read(userinfo.body),
      introspection: read(introspection.body),
    };
  }

  test.each(['alice', 'bob'] as const)(
    '%s: the recorded claims come out of the same whois answers, but for named differences',
    async (name) => {
      const { idToken, userinfo, introspection } = recorded.people[name];
      const ours = await claimsOf(name === 'alice' ? 1 : 2);
      const exact = name === 'alice' ? { level: JSON.rawJSON('9007199254740993') } : {};
      // a second may begin between the two tokens
      const [iat, issuedAt] = [ours.idToken, ours.introspection].map((token) =>
        Number(token['iat']),
      );
      const fresh = (at = 0) => ({
        iat: at,
        exp: at + 300,
        iss: world.issuer,
        jti: expect.any(String),
      });
      const { name: fullName, username } = userinfo;

      expect(Number(idToken['exp']) - Number(idToken['iat'])).toBe(300);
      expect(ours.idToken).toEqual({
        ...idToken,
        ...fresh(iat),
        ...exact,
        nbf: Number(iat) - (Number(idToken['iat']) - Number(idToken['nbf'])),
        aud: 'grafana',
        // ours only: the same claims by the same scopes as userinfo, and what the standards add
        name: fullName,
        username,
        email_verified: true,
      });
      expect(ours.userinfo).toEqual({
        ...userinfo,
        ...exact,
        preferred_username: idToken['preferred_username'],
        email_verified: true,
      });
      const { picture, ...described } = introspection;
      expect(picture).toBe('');
      expect(ours.introspection).toEqual({
        ...described,
        ...fresh(issuedAt),
        nbf: issuedAt,
        jti: expect.stringMatching(/^[0-9a-f]{28}$/),
        aud: ['grafana'],
        client_id: 'grafana',
        sub: idToken['sub'],
        scope: 'openid email profile',
      });
      expect(ours.userinfo['sub']).toBe(idToken['sub']);
    },
  );

  test('carol, without @ and display name, has a mailbox at the issuer that nobody verified', async () => {
    const { idToken, userinfo } = await claimsOf(3);
    const person = {
      sub: 'userid:3',
      name: 'carol',
      username: 'carol',
      preferred_username: 'carol',
      email: 'carol@127.0.0.1',
      email_verified: false,
    };
    expect(idToken).toMatchObject(person);
    expect(userinfo).toEqual(person);
  });

  test.each([
    [4, 'alice', 'alice@github.127.0.0.1', 'Alice on GitHub', undefined],
    [5, 'dora', 'dora@passkey.127.0.0.1', 'dora@passkey', 'https://pictures.example/dora.png'],
  ])(
    '127.0.0.%i: an email that collides with nobody’s',
    async (host, username, email, name, picture) => {
      const { userinfo } = await claimsOf(host);
      const person = { username, preferred_username: username, email, email_verified: false, name };
      expect(userinfo).toMatchObject(person);
      expect(userinfo['picture']).toBe(picture);
    },
  );

  test('text that is not ASCII, quotes and control characters stay as they are', async () => {
    const { idToken, userinfo, introspection } = await claimsOf(6);
    const name = '王小明 "\\\u0007';
    expect(idToken).toMatchObject({ name, username: 'žofie', email: 'žofie@příklad.example' });
    expect(userinfo).toMatchObject({ name, username: 'žofie' });
    expect(introspection).toMatchObject({ username: 'žofie@příklad.example' });
  });

  test('IDs above 2^53 keep every digit, and neighbours are two people', async () => {
    const { idToken, userinfo, introspection } = await claimsOf(7);
    expect(integerText(idToken['uid'])).toBe('9007199254740993');
    expect(integerText(idToken['nid'])).toBe('9007199254740997');
    for (const { sub } of [idToken, userinfo, introspection]) {
      expect(sub).toBe('userid:9007199254740993');
    }
    expect((await claimsOf(8)).idToken['sub']).toBe('userid:9007199254740994');
  });

  test('extraClaims pass unchanged, protected names are ignored, other rules add to lists', async () => {
    const { idToken, userinfo } = await claimsOf(9);
    const passed = {
      nested: { b: [{ deep: null }, true], a: 'ü' },
      big: JSON.rawJSON('18446744073709551615'),
      precise: JSON.rawJSON('0.12345678901234567890'),
      small: 1e-7,
      zero: 0,
      empty: '',
      nothing: null,
      no: false,
    };
    const person = {
      sub: 'userid:7',
      username: 'eve',
      preferred_username: 'eve',
      name: 'eve@example.com',
      email: 'eve@example.com',
      email_verified: true,
    };
    expect(userinfo).toEqual({ ...person, ...passed, list: ['z', 'a', 'm', 'a'] });
    expect(idToken).toMatchObject({
      ...person,
      ...passed,
      list: ['z', 'a', 'm', 'b'],
      private: 'ID token only',
      iss: world.issuer,
      aud: 'grafana',
      nonce: 'n',
      uid: 7,
      node: 'eve.tailnet.test.',
    });
    for (const name of ['tags', 'user', 'act', 'scope', 'client_id', 'azp', 'groups']) {
      expect(idToken).not.toHaveProperty(name);
    }
  });

  test('groups of the rules stand under the groups scope, in order, once each', async () => {
    const asked = await claimsOf(9, 'openid groups');
    expect(asked.idToken['groups']).toEqual(['ops', 'dev', 'qa']);
    expect(asked.userinfo).toMatchObject({ groups: ['ops', 'dev', 'qa'] });
    // as tsidp: groups that extraClaims name need no scope
    expect((await claimsOf(1)).idToken['groups']).toEqual(['admins']);
  });

  test('scope openid alone tells who, and nothing else about the person', async () => {
    const { idToken, userinfo } = await claimsOf(2, 'openid');
    expect(userinfo).toEqual({ sub: 'userid:2' });
    for (const name of ['name', 'username', 'preferred_username', 'email', 'email_verified']) {
      expect(idToken).not.toHaveProperty(name);
    }
  });

  test('a refreshed ID token has the same claims', async () => {
    const app = await openApp(world, 'grafana');
    const first = await app.login(new Browser('127.0.0.2'));
    const next = await oidc.refreshTokenGrant(app.config, first.refresh_token ?? '');
    const same = { iat: expect.any(Number), exp: expect.any(Number), nbf: expect.any(Number) };
    expect(next.claims()).toEqual({
      ...first.claims(),
      ...same,
      jti: expect.not.stringMatching(String(first.claims()?.['jti'])),
    });
  });
});

const read = (text: string): Claims => parseLossless(text) as Claims;
