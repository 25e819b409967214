import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { auditLog } from '../../world/audit-log.ts';
import type { Answer } from '../../world/browser.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const alice = '127.0.0.1';
const bob = '127.0.0.2';
const machine = '127.0.0.3';
const redirectUri = 'https://new.test/cb';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  allowInPolicy(world.simulator, [{ src: ['alice@example.com'], allow_admin_ui: true }]);
});

interface Asked {
  readonly method?: string;
  readonly form?: Record<string, string | string[]>;
  readonly headers?: Record<string, string>;
}

const ask = (path: string, more: Asked = {}, from = alice): Promise<Answer> =>
  world.browser(from).open(`${world.issuer}${path}`, more);

const add = (form: Record<string, string | string[]> = {}): Promise<Answer> =>
  ask('/clients/new', { form: { name: 'New app', redirect_uri: redirectUri, ...form } });

/** The code flow without PKCE, as tsidp's confidential clients know it. */
async function logIn(id: string, secret: string, uri: string): Promise<Answer> {
  const query = new URLSearchParams({
    client_id: id,
    redirect_uri: uri,
    response_type: 'code',
    scope: 'openid',
  });
  const { location } = await ask(`/authorize?${query}`);
  return ask('/token', {
    form: {
      grant_type: 'authorization_code',
      code: location?.searchParams.get('code') ?? '',
      redirect_uri: uri,
      client_id: id,
      client_secret: secret,
    },
  });
}

describe('an administrator', () => {
  it('adds a client, which logs people in at once; its secret is shown this once', async () => {
    const made = await add({ redirect_uri: `${redirectUri}\n  app.new:/cb\r\n\n` });
    expect(made.status, made.body).toBe(200);
    expect(made.headers['content-type']).toMatch(/^application\/json/u);
    expect(made.headers['cache-control']).toBe('no-store');
    const body = JSON.parse(made.body);
    expect(body).toEqual({
      client_id: expect.stringMatching(/^[0-9a-f]{32}$/u),
      client_secret: expect.stringMatching(/^[\w-]{43}$/u),
      client_name: 'New app',
      redirect_uris: [redirectUri, 'app.new:/cb'],
      redirect_uri: redirectUri,
      created_at: expect.stringMatching(/^20\d\d-.*Z$/u),
    });
    const { client_id: id, client_secret: secret, ...shown } = body;
    expect((await logIn(id, secret, redirectUri)).status).toBe(200);

    const one = await ask(`/clients/${id}`);
    expect(JSON.parse(one.body)).toEqual({ client_id: id, ...shown });
    const all = await ask('/clients/');
    expect(JSON.parse(all.body)).toContainEqual({ client_id: id, ...shown });
    expect(one.body + all.body + world.logged()).not.toContain(secret);
    const database = new DatabaseSync(join(world.directory, 'state', 'tsidp.db'));
    expect(JSON.stringify(database.prepare('SELECT * FROM clients').all())).not.toContain(secret);
    database.close();
  });

  it('sees those of the configuration file, without secrets, and does not change them', async () => {
    const all = JSON.parse((await ask('/clients/')).body);
    expect(all.map(({ client_id: id }: { client_id: string }) => id)).toEqual(
      expect.arrayContaining(clients.map(({ id }) => id)),
    );
    expect(JSON.stringify(all)).not.toMatch(/secret/u);
    const refused = await ask('/clients/grafana', { method: 'DELETE' });
    expect([refused.status, JSON.parse(refused.body).error]).toEqual([409, 'invalid_request']);
    expect((await ask('/clients/grafana')).status).toBe(200);
  });

  it('removes a client, and its tokens with it', async () => {
    const { client_id: id, client_secret: secret } = JSON.parse((await add()).body);
    const { access_token: token } = JSON.parse((await logIn(id, secret, redirectUri)).body);
    const headers = { authorization: `Bearer ${token}` };
    expect((await ask('/userinfo', { headers })).status).toBe(200);

    const removed = await ask(`/clients/${id}`, { method: 'DELETE' });
    expect([removed.status, removed.body]).toEqual([204, '']);
    expect((await ask('/userinfo', { headers })).status).toBe(401);
    expect((await logIn(id, secret, redirectUri)).status).toBe(401);
    for (const method of ['GET', 'DELETE']) {
      const gone = await ask(`/clients/${id}`, { method });
      expect([gone.status, JSON.parse(gone.body).error]).toEqual([404, 'not_found']);
    }
  });

  it('is recorded, with what was done', async () => {
    const { client_id: id } = JSON.parse((await add()).body);
    await ask(`/clients/${id}`, { method: 'DELETE' });
    const records = auditLog(world.directory).filter(({ event }) => event === 'client');
    expect(records.slice(-2)).toMatchObject([
      { subject: 'userid:1', detail: { action: 'add', by: 'http' } },
      { subject: 'userid:1', detail: { action: 'remove', by: 'http' } },
    ]);
  });

  it.each([
    ['no name', { name: '' }, /missing redirect_uri or name/u],
    ['no redirect URI', { redirect_uri: '' }, /missing redirect_uri or name/u],
    ['only blank lines', { redirect_uri: ' \n ' }, /redirect_uri must be a list of 1 to 50/u],
    ['two names', { name: ['a', 'b'] }, /name must be text/u],
    ['a name that turns the text', { name: 'a\u202e' }, /name must not hold control/u],
    [
      'a redirect URI that runs code',
      { redirect_uri: 'javascript:x' },
      /redirect_uri uses the sch/u,
    ],
    [
      'the same twice',
      { redirect_uri: `${redirectUri}\n${redirectUri}` },
      /redirect_uri is in the list twice/u,
    ],
  ])('is refused %s', async (_, form, says) => {
    const before = (await ask('/clients/')).body;
    const answer = await add(form);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({
      error: 'invalid_request',
      error_description: expect.stringMatching(says),
    });
    expect((await ask('/clients/')).body).toBe(before);
  });

  it('uses the methods that there are', async () => {
    const answers = await Promise.all([
      ask('/clients/', { method: 'POST' }),
      ask('/clients/new'),
      ask('/clients/grafana', { method: 'PUT' }),
      ask('/clients/new', { method: 'POST', headers: { 'content-type': 'application/json' } }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([405, 405, 405, 400]);
    expect((await ask('/clients')).status).toBe(404);
    expect((await ask('/clients/grafana/')).status).toBe(404);
  });
});

describe('T25 whom no rule names', () => {
  const everything: readonly [path: string, asked: Asked][] = [
    ['/clients/', {}],
    ['/clients/grafana', {}],
    ['/clients/unknown', {}],
    ['/clients/grafana', { method: 'DELETE' }],
    ['/clients/new', { form: { name: 'x', redirect_uri: redirectUri } }],
  ];

  it.each([
    ['a person', bob, /allow_admin_ui/u],
    ['a machine', machine, /allow_admin_ui/u],
    ['a member of another tailnet', '127.0.0.4', /belongs to another tailnet/u],
    ['nobody', '127.0.0.5', /does not come from a device of this tailnet/u],
    ['a device that has expired', '127.0.0.6', /has expired/u],
    ['another program here', '127.0.0.9', /does not come from a device/u],
  ])('may do nothing: %s', async (_, from, says) => {
    for (const [path, asked] of everything) {
      const answer = await ask(path, asked, from);
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body)).toEqual({
        error: 'access_denied',
        error_description: expect.stringMatching(says),
      });
    }
    const [record] = auditLog(world.directory).slice(-1);
    expect(record).toMatchObject({ event: 'denial', detail: { at: 'clients', peer: from } });
  });

  it('loses it with the rule, at the next request', async () => {
    expect((await ask('/clients/')).status).toBe(200);
    allowInPolicy(world.simulator, []);
    await expect.poll(async () => (await ask('/clients/')).status).toBe(403);
  });

  it('is not helped by a forged header', async () => {
    const headers = {
      'X-Forwarded-For': alice,
      'Tailscale-User-Login': 'alice@example.com',
      'Tailscale-App-Capabilities': '{"tailscale.com/cap/tsidp":[{"allow_admin_ui":true}]}',
    };
    expect((await ask('/clients/', { headers }, bob)).status).toBe(403);
    expect((await ask('/clients/', { headers })).status).toBe(403);
  });
});

describe('T26 T33 a web page in an administrator’s browser', () => {
  const pages: Record<string, string>[] = [
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: 'http://grafana.tailnet.test' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'cors' },
  ];
  it.each(pages)('can neither read nor change clients: %o', async (headers) => {
    const before = (await ask('/clients/')).body;
    const form = { name: 'x', redirect_uri: 'https://evil.example/cb' };
    const answers = [
      await ask('/clients/', { headers }),
      await ask('/clients/grafana', { headers }),
      await ask('/clients/new', { form, headers }),
      await ask('/clients/grafana', { method: 'DELETE', headers }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    const preflight = await ask('/clients/new', {
      method: 'OPTIONS',
      headers: { ...headers, 'Access-Control-Request-Method': 'POST' },
    });
    expect(preflight.status).toBe(405);
    for (const answer of [...answers, preflight]) {
      const names = Object.keys(answer.headers);
      expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
    expect((await ask('/clients/')).body).toBe(before);
  });

  it('is turned away by its own name, when that leads here', async () => {
    const headers = { Host: 'evil.example' };
    expect((await ask('/clients/', { headers })).status).toBe(421);
  });
});
