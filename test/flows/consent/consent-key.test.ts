import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Browser } from '../../world/browser.ts';
import {
  alicesPhone,
  ask,
  bobs,
  cursor,
  inStore,
  local,
  outcome,
  press,
  register,
  startStrangers,
} from '../../world/strangers-world.ts';
import type { World } from '../../world/world.ts';

let world: World;

beforeEach(async () => {
  world = await startStrangers();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

async function allow(more: Record<string, string> = {}, browser = new Browser()) {
  const asked = await ask(world, more, browser);
  expect(asked.isPage, asked.answer.body).toBe(true);
  return press(world, asked);
}

const isAsked = async (more: Record<string, string> = {}, address?: string) =>
  (await ask(world, more, new Browser(address))).isPage;

describe('T17: a consent is for', () => {
  test('one person', async () => {
    await allow();
    expect(await isAsked({}, bobs)).toBe(true);
  });

  test('one client, though another has the same name and the same redirect URI', async () => {
    await register(world, 'twin');
    await allow();
    expect(await isAsked({ client_id: 'twin' })).toBe(true);
    const { answer } = await ask(world, { client_id: 'twin', prompt: 'none' });
    expect(answer.location).toBeUndefined();
    expect(answer.body).toContain('<code>login_required</code>');
  });

  test('one redirect host', async () => {
    await allow();
    expect(await isAsked({ redirect_uri: 'https://other.test/callback' })).toBe(true);
    expect(await isAsked({ redirect_uri: local })).toBe(true);
  });

  test('one device, where the redirect leads back to it, whatever the port', async () => {
    const asked = await ask(world, { redirect_uri: 'http://127.0.0.1:51234/callback' });
    expect(asked.answer.body).toContain('127.0.0.1:51234');
    expect(asked.answer.body).toContain('a program on this computer');
    await press(world, asked);
    expect(await isAsked({ redirect_uri: 'http://127.0.0.1:51999/callback' })).toBe(false);
    expect(await isAsked({ redirect_uri: local }, alicesPhone)).toBe(true);

    const scheme = await ask(world, { redirect_uri: cursor });
    expect(scheme.answer.body).toContain('<bdi>cursor:</bdi>');
    await press(world, scheme);
    expect(await isAsked({ redirect_uri: cursor })).toBe(false);
    expect(await isAsked({ redirect_uri: cursor }, alicesPhone)).toBe(true);
  });

  test('all devices of the person, where the redirect leads to a website', async () => {
    await allow();
    expect(await isAsked({}, alicesPhone)).toBe(false);
  });

  test('one set of redirect URIs, where a document may change them', async () => {
    await register(world, 'stranger', {}, 'dynamic', { redirectsDigest: 'one' });
    await allow();
    expect(await isAsked()).toBe(false);
    await register(world, 'stranger', {}, 'dynamic', { redirectsDigest: 'two' });
    expect(await isAsked()).toBe(true);
  });

  test('a client as long as it lives', async () => {
    await allow();
    await inStore(world, ({ clients }) => clients.remove('stranger'));
    await register(world, 'stranger');
    expect(await isAsked()).toBe(true);
  });
});

describe('who is not asked about', () => {
  test('clients that an operator entered', async () => {
    for (const source of ['cli', 'admin', 'import'] as const) {
      await register(world, source, {}, source);
      expect(outcome(await ask(world, { client_id: source })), source).toHaveProperty('code');
    }
    const redirect = { redirect_uri: 'https://grafana.test/login/generic_oauth' };
    const configured = await ask(world, { client_id: 'grafana', ...redirect });
    expect(outcome(configured)).toHaveProperty('code');
  });

  test('but those are that had registered themselves at tsidp', async () => {
    await register(world, 'taken-over', {}, 'import', { dynamic: true });
    expect(await isAsked({ client_id: 'taken-over' })).toBe(true);
  });

  test('clients that an operator approved', async () => {
    await register(world, 'approved', {}, 'dynamic', { approved: true });
    expect(outcome(await ask(world, { client_id: 'approved' }))).toHaveProperty('code');
  });

  test('but any program could be an approved one on this computer: once a device, unless it is clickless', async () => {
    await register(world, 'approved', {}, 'dynamic', { approved: true });
    const request = { client_id: 'approved', redirect_uri: local };
    await allow(request);
    expect(await isAsked(request)).toBe(false);
    expect(await isAsked(request, alicesPhone)).toBe(true);
    await register(world, 'approved', {}, 'dynamic', { approved: true, login: 'clickless' });
    expect(await isAsked(request, alicesPhone)).toBe(false);
  });

  test('a client can not approve itself', async () => {
    const said = { approved: true, source: 'config' };
    await register(world, 'stranger', {
      tsidp: said,
      tsidp_approved: true,
      tsidp_source: 'config',
    });
    expect(await isAsked()).toBe(true);
  });
});
