import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { press } from '../../world/app.ts';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { runCommand } from '../../world/command.ts';
import { json } from '../../world/login.ts';
import { type Metadata, manage, type Registered, registered } from '../../world/register.ts';
import { startWorld, type World } from '../../world/world.ts';
import { openAgent, startDocumentWorld } from '../documents/document-world.ts';
import { authorize, begin } from '../registration/registered-login.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ registration: { perMinute: 10_000 } });
});
afterAll(() => world[Symbol.asyncDispose]());

const body: Metadata = {
  client_name: 'An agent',
  redirect_uris: ['https://agent.test/cb'],
  post_logout_redirect_uris: ['https://agent.test/bye'],
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code'],
  client_uri: 'https://agent.test/',
  contacts: ['dev@agent.test'],
};

/** Is the person asked? Otherwise they are logged in without a click. */
async function isAsked(client: Registered): Promise<boolean> {
  const answer = await new Browser().follow(begin(world, client).url);
  if (answer.location?.searchParams.has('code')) return false;
  expect(answer.body).toContain('value="allow"');
  return true;
}

async function allowed(): Promise<Registered> {
  const client = await registered(world.issuer, body);
  const answer = await authorize(world, begin(world, client), new Browser());
  expect(answer.location?.searchParams.get('code')).toBeTruthy();
  return client;
}

async function approved(): Promise<Registered> {
  const client = await registered(world.issuer, body);
  expect((await runCommand(world, 'clients', 'approve', client.client_id)).code).toBe(0);
  return client;
}

async function change(client: Registered, more: Metadata): Promise<void> {
  const { client_id } = client;
  const answer = await manage(client, 'PUT', { ...body, client_id, ...more });
  expect(answer.status, answer.body).toBe(200);
}

const lastChange = (id: string) =>
  auditLog(world.directory).findLast(({ event, client }) => event === 'client' && client === id)
    ?.detail;

describe('T41 a client that registered itself and changes', () => {
  it.each<[string, Metadata, boolean]>([
    ['nothing', {}, false],
    [
      'what says neither who it is nor where it leads',
      { id_token_signed_response_alg: 'ES256' },
      false,
    ],
    ['from a secret to none', { token_endpoint_auth_method: 'none' }, true],
    ['how it sends its secret', { token_endpoint_auth_method: 'client_secret_post' }, true],
    ['where a logout leads', { post_logout_redirect_uris: ['https://evil.test/'] }, true],
    [
      'one more redirect URI',
      { redirect_uris: ['https://agent.test/cb', 'https://evil.test/'] },
      true,
    ],
    ['its name', { client_name: 'Grafana' }, true],
    ['its site', { client_uri: 'https://evil.test/' }, true],
    ['whom to ask', { contacts: ['dev@evil.test'] }, true],
    ['for how long it goes on', { grant_types: ['authorization_code', 'refresh_token'] }, true],
    ['all that it may leave out', { ...body, client_uri: null, contacts: null }, true],
  ])('%s', async (_, more, ends) => {
    const [remembered, known] = [await allowed(), await approved()];
    expect([await isAsked(remembered), await isAsked(known)]).toEqual([false, false]);
    await change(remembered, more);
    await change(known, more);
    expect([await isAsked(remembered), await isAsked(known)]).toEqual([ends, ends]);
    expect([
      lastChange(remembered.client_id)?.['ended'],
      lastChange(known.client_id)?.['ended'],
    ]).toEqual(ends ? [['consents'], ['approval']] : [undefined, undefined]);
  });

  it('is not approved again by what it was before', async () => {
    const client = await approved();
    const moved = await manage(client, 'PUT', {
      ...body,
      client_id: client.client_id,
      client_name: 'Grafana',
    });
    await change({ ...client, ...json(moved) } as Registered, {});
    expect(await isAsked(client)).toBe(true);
  });

  it('while the page is open: the answer is not taken', async () => {
    const client = await registered(world.issuer, body);
    const browser = new Browser();
    const page = await browser.follow(begin(world, client).url);
    await change(client, { token_endpoint_auth_method: 'none' });
    const answer = await press(browser, page, world, { action: 'allow' });
    expect([answer.status, answer.location]).toEqual([403, undefined]);
    expect(await isAsked(client)).toBe(true);
  });

  it('is quarantined as before, whatever it changes', async () => {
    const client = await registered(world.issuer, body);
    await runCommand(world, 'clients', 'quarantine', client.client_id);
    await change(client, { client_name: 'Grafana' });
    const answer = await new Browser().follow(begin(world, client).url);
    expect(answer.status).toBe(403);
  });
});

describe('T41 an administrator who changes a client that registered itself', () => {
  const edit = (id: string, form: Record<string, string>) =>
    new Browser().open(`${world.issuer}/edit/${id}`, { form });
  const same = { action: 'save', name: 'An agent', redirect_uri: 'https://agent.test/cb' };
  beforeAll(() =>
    allowInPolicy(world.simulator, [
      { src: ['alice@example.com'], allow_admin_ui: true, allow_dcr: true },
    ]),
  );

  it.each<[string, Record<string, string>, boolean]>([
    ['nothing', same, false],
    ['its name', { ...same, name: 'Grafana' }, true],
    [
      'its redirect URIs',
      { ...same, redirect_uri: 'https://agent.test/cb\nhttps://b.test/' },
      true,
    ],
    ['its secret', { action: 'rotate-secret' }, true],
  ])('%s', async (_, form, ends) => {
    const [remembered, known] = [await allowed(), await approved()];
    for (const { client_id: id } of [remembered, known]) {
      const answer = await edit(id, form);
      expect(answer.status, answer.body).toBe(200);
    }
    expect([await isAsked(remembered), await isAsked(known)]).toEqual([ends, ends]);
  });

  it('its secret, by the command line', async () => {
    const client = await approved();
    await runCommand(world, 'clients', 'rotate-secret', client.client_id);
    expect(await isAsked(client)).toBe(true);
    expect(lastChange(client.client_id)).toMatchObject({ by: 'cli', ended: ['approval'] });
  });
});

describe('T41 a metadata document that changes', () => {
  const redirect = 'https://agent.test/callback';
  const later = (): void => void vi.setSystemTime(Date.now() + 601_000);

  it.each<[string, Metadata, boolean]>([
    ['nothing', {}, false],
    ['where a logout leads', { post_logout_redirect_uris: ['https://evil.test/'] }, true],
    ['its site', { client_uri: 'https://evil.test/' }, true],
    [
      'where its keys are',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://evil.test/k' },
      true,
    ],
  ])('%s', async (_, more, ends) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await using at = await startDocumentWorld();
    try {
      const id = at.site.publish('/client.json');
      const agent = await openAgent(at.world, id, redirect);
      const asked = async () =>
        (await agent.visit(new Browser())).answer.location?.origin === at.world.issuer;
      await agent.login();
      expect(await asked()).toBe(false);
      at.site.publish('/client.json', more);
      later();
      expect(await asked()).toBe(ends);
      expect((await runCommand(at.world, 'clients', 'approve', id)).code).toBe(0);
      expect(await asked()).toBe(false);
      at.site.publish('/client.json', ends ? {} : more);
      later();
      expect(await asked()).toBe(ends);
    } finally {
      vi.useRealTimers();
    }
  });
});
