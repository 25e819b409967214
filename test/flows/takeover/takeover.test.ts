import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { openState } from '../../../src/store/sqlite/open.ts';
import {
  clientId,
  clientsFile,
  entryOf,
  keyText,
  kid,
  signedByTsidp,
  type TsidpDirectory,
  tsidpDirectory,
} from '../../takeover/tsidp-directory.ts';
import { allowInPolicy } from '../../world/allow.ts';
import { press } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { movePeopleIn, recorded } from '../../world/people.ts';
import { isConsent } from '../../world/strangers-world.ts';
import { freePort, startWorld, type World } from '../../world/world.ts';

type Entry = ReturnType<typeof entryOf>;

const makeWorld = async (overrides: Record<string, unknown> = {}): Promise<World> => {
  const world = await startWorld(overrides);
  onTestFinished(() => world[Symbol.asyncDispose]());
  await movePeopleIn(world);
  return world;
};

const stateDirectory = (): string => {
  const parent = mkdtempSync(join(tmpdir(), 'tsidp-flow-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, 'state');
};

/** An app that was set up with tsidp: nothing but the issuer, its stored ID and its stored secret. */
const open = (
  world: World,
  entry: Entry,
  how = oidc.ClientSecretPost,
): Promise<oidc.Configuration> =>
  oidc.discovery(new URL(world.issuer), entry.client_id, {}, how(entry.client_secret), {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  });

/** The clients had registered themselves at tsidp, so people are asked about them once. */
const logIn = async (config: oidc.Configuration, entry: Entry, browser = new Browser()) => {
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: entry.redirect_uris[0] ?? '',
    scope: 'openid email profile',
    state,
    nonce,
  });
  const { origin } = new URL(config.serverMetadata().issuer);
  const page = await browser.follow(url);
  const { location, body } = isConsent(page)
    ? await press(browser, page, { issuer: origin }, { action: 'allow' })
    : page;
  if (!location) throw new Error(body);
  return oidc.authorizationCodeGrant(config, location, {
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
};

const keyNames = async ({ issuer }: World): Promise<unknown[]> => {
  const { keys } = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as {
    keys: { alg: string; kid: string }[];
  };
  return keys.filter(({ alg }) => alg === 'RS256').map((key) => key.kid);
};

describe('on the state directory of tsidp', () => {
  const entry = entryOf(clientId());
  const leave = (): TsidpDirectory =>
    tsidpDirectory(keyText(), { [entry.client_id]: entry }, stateDirectory());

  test('an app’s stored ID and secret log the same person in, by the same key', async () => {
    const directory = leave();
    const before = directory.texts();
    const world = await makeWorld({ stateDirectory: directory.path });
    for (const how of [oidc.ClientSecretPost, oidc.ClientSecretBasic]) {
      const app = await open(world, entry, how);
      const tokens = await logIn(app, entry);
      expect(tokens.claims()).toMatchObject({
        sub: recorded.people.alice.idToken['sub'],
        email: 'alice@example.com',
        uid: recorded.people.alice.idToken['uid'],
      });
      expect(decodeProtectedHeader(tokens.id_token ?? '')).toMatchObject({ alg: 'RS256', kid });
      const again = await oidc.refreshTokenGrant(app, tokens.refresh_token ?? '');
      expect(again.claims()?.sub).toBe('userid:1');
    }
    const bob = await logIn(await open(world, entry), entry, new Browser('127.0.0.2'));
    expect(bob.claims()?.sub).toBe(recorded.people.bob.idToken['sub']);
    expect(directory.texts()).toEqual(before);
    expect(world.logged()).not.toContain(entry.client_secret);
  });

  test('an ID token that tsidp signed verifies by our JWKS', async () => {
    const world = await makeWorld({ stateDirectory: leave().path });
    const token = await signedByTsidp(world.issuer, entry.client_id);
    const keys = createRemoteJWKSet(new URL(`${world.issuer}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(token, keys, {
      issuer: world.issuer,
      audience: entry.client_id,
    });
    expect(payload.sub).toBe('userid:1');
    expect(await keyNames(world)).toEqual([kid]);
  });

  test('a wrong secret, or none, is refused', async () => {
    const world = await makeWorld({ stateDirectory: leave().path });
    for (const secret of [`${entry.client_secret}0`, entry.client_secret.slice(1), 'x']) {
      const app = await open(world, { ...entry, client_secret: secret });
      await expect(logIn(app, entry)).rejects.toMatchObject({ error: 'invalid_client' });
    }
    const none = await open(world, entry, () => oidc.None());
    await expect(logIn(none, entry)).rejects.toMatchObject({ error: 'invalid_client' });
  });

  test('a start that cannot listen takes nothing over, and the next one does', async () => {
    const directory = leave();
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
    const listen = { type: 'demo', hosts: ['127.0.0.1'], port };
    const overrides = { stateDirectory: directory.path, listen };
    await expect(startWorld(overrides)).rejects.toThrow(/another program/u);
    const state = await openState(directory.path, {
      clock: systemClock,
      refreshGraceSeconds: 10,
    });
    expect(await state.store.imports.list()).toEqual([]);
    expect(await state.store.clients.list()).toEqual([]);
    await state.close();
    await new Promise((resolve) => taken.close(resolve));

    const world = await makeWorld(overrides);
    expect(await keyNames(world)).toEqual([kid]);
    expect((await logIn(await open(world, entry), entry)).claims()?.sub).toBe('userid:1');
  });

  test.each([
    [undefined, 'carol'],
    ['issuer', 'carol@127.0.0.1'],
    ['none', undefined],
  ])(
    'the email of a login without @ stays as tsidp said it, unless bareLoginEmail is %s',
    async (bareLoginEmail, email) => {
      const world = await makeWorld({ stateDirectory: leave().path, bareLoginEmail });
      const tokens = await logIn(await open(world, entry), entry, new Browser('127.0.0.3'));
      expect(tokens.claims()?.['email']).toBe(email);
      expect(tokens.claims()?.['email_verified']).toBe(email === undefined ? undefined : false);
    },
  );

  test('the second start takes nothing over', async () => {
    const world = await makeWorld({ stateDirectory: leave().path });
    const taken = () => world.logged().split('took over the').length - 1;
    expect(taken()).toBe(2);
    await world.restart();
    expect(taken()).toBe(2);
    await movePeopleIn(world);
    const tokens = await logIn(await open(world, entry), entry);
    expect(decodeProtectedHeader(tokens.id_token ?? '').kid).toBe(kid);
  });
});

test('files that come later make tsidp’s key sign, and ours stays published', async () => {
  const at = stateDirectory();
  const world = await makeWorld({ stateDirectory: at });
  const [own] = await keyNames(world);
  const entry = entryOf(clientId());
  tsidpDirectory(keyText(), { [entry.client_id]: entry }, at);
  await world.restart();
  expect(await keyNames(world)).toEqual([kid, own]);
  const tokens = await logIn(await open(world, entry), entry);
  expect(decodeProtectedHeader(tokens.id_token ?? '').kid).toBe(kid);
});

test('an app that had named itself is not taken for another by its name', async () => {
  const at = stateDirectory();
  const named = entryOf(clientId(), { dynamically_registered: false });
  const itself = entryOf(clientId(), { dynamically_registered: true });
  const entries = { [named.client_id]: named, [itself.client_id]: itself };
  tsidpDirectory(keyText(), entries, at);
  const world = await startWorld({ stateDirectory: at, access: 'granted' });
  onTestFinished(() => world[Symbol.asyncDispose]());
  allowInPolicy(world.simulator, [{ src: ['alice@example.com'], clients: [named.client_name] }]);
  expect((await logIn(await open(world, named), named)).claims()?.sub).toBe('userid:1');
  // on a page of ours: nobody vouches for where it would be told
  await expect(open(world, itself).then((app) => logIn(app, itself))).rejects.toThrow(
    '<code>access_denied</code>',
  );
});

test('damaged files stop the start, and what is mended is taken over', async () => {
  const at = stateDirectory();
  const entry = entryOf(clientId());
  const text = JSON.stringify({ [entry.client_id]: entry });
  const directory = tsidpDirectory(keyText(), text.slice(0, 100), at);
  await expect(startWorld({ stateDirectory: at })).rejects.toThrow(/oidc-funnel-clients\.json:1:/u);
  directory.write(clientsFile, text);
  const world = await makeWorld({ stateDirectory: at });
  expect((await logIn(await open(world, entry), entry)).claims()?.sub).toBe('userid:1');
});
