import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import {
  type Asked,
  besideField,
  type ClientPages,
  type Form,
  idIn,
  openClientPages,
  redirectUri,
  secretIn,
} from './client-pages.ts';

let pages: ClientPages;
beforeAll(async () => {
  pages = await openClientPages();
});
afterAll(() => pages[Symbol.asyncDispose]());
beforeEach(() => pages.allow());

const ask: ClientPages['ask'] = (...asked) => pages.ask(...asked);
const add: ClientPages['add'] = (form) => pages.add(form);

async function tokenStatus(id: string, secret: string, uri = redirectUri): Promise<number> {
  const query = new URLSearchParams({
    client_id: id,
    redirect_uri: uri,
    response_type: 'code',
    scope: 'openid',
  });
  const answer = await ask(`/authorize?${query}`);
  const code = answer.location?.searchParams.get('code');
  if (!code) return answer.status;
  const form = { grant_type: 'authorization_code', code, redirect_uri: uri };
  return (await ask('/token', { form: { ...form, client_id: id, client_secret: secret } })).status;
}

describe('an administrator’s pages', () => {
  it('add an app, which logs people in at once; its secret is shown this once', async () => {
    const blank = await ask('/new');
    expect(blank.status).toBe(200);
    expect(blank.body).toContain('<form method="post" action="/new">');

    const made = await add({ redirect_uri: `${redirectUri}\r\n  https://new.test/cb2 \r\n\r\n` });
    expect(made.status, made.body).toBe(200);
    const [id, secret] = [idIn(made), secretIn(made)];
    expect(made.body).toContain('shown this once');
    expect(await tokenStatus(id, secret)).toBe(200);
    expect(await tokenStatus(id, secret, 'https://new.test/cb2')).toBe(200);

    const edit = await ask(`/edit/${id}`);
    const home = await ask('/');
    expect(home.body).toContain(`<a href="/edit/${id}"><bdi>New app</bdi></a>`);
    expect(edit.body).toContain(`\n${redirectUri}\nhttps://new.test/cb2\n</textarea>`);
    for (const answer of [blank, edit, home]) expect(answer.body).not.toContain(secret);
    for (const answer of [blank, made, edit, home]) {
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'x-frame-options': 'DENY',
        'content-security-policy': expect.stringMatching(
          /^default-src 'none'; style-src 'sha256-[^']+'; script-src; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/u,
        ),
      });
      // T26: the connection is the credential, asked anew each time
      expect(answer.headers).not.toHaveProperty('set-cookie');
      expect(answer.body).not.toMatch(/<script/iu);
    }
    expect(pages.world.logged()).not.toContain(secret);
    expect(JSON.stringify(auditLog(pages.world.directory))).not.toContain(secret);
  });

  it('add a public app, without a secret', async () => {
    const made = await add({ public: 'yes' });
    expect(secretIn(made)).toBe('');
    const edit = await ask(`/edit/${idIn(made)}`);
    expect(edit.body).not.toContain('rotate-secret');
    const form = { action: 'rotate-secret' };
    expect((await ask(`/edit/${idIn(made)}`, { form })).status).toBe(409);
  });

  it('edit name and redirect URIs, and leave the rest', async () => {
    const made = await add();
    const [id, secret] = [idIn(made), secretIn(made)];
    const form = { action: 'save', name: 'Renamed', redirect_uri: 'https://other.test/cb' };
    const saved = await ask(`/edit/${id}`, { form });
    expect(saved.status).toBe(200);
    expect(saved.body).toContain('Saved');
    expect(saved.body).toContain('value="Renamed"');
    expect(await tokenStatus(id, secret, 'https://other.test/cb')).toBe(200);
    expect(await tokenStatus(id, secret)).toBe(400);
  });

  it('make a new secret, which counts at once', async () => {
    const made = await add();
    const [id, old] = [idIn(made), secretIn(made)];
    expect(await tokenStatus(id, old)).toBe(200);
    const rotated = await ask(`/edit/${id}`, { form: { action: 'rotate-secret' } });
    expect(rotated.status).toBe(200);
    const secret = secretIn(rotated);
    expect([await tokenStatus(id, old), await tokenStatus(id, secret)]).toEqual([401, 200]);
  });

  it('remove an app, once it is said for sure', async () => {
    const made = await add();
    const id = idIn(made);
    const unsure = await ask(`/edit/${id}`, { form: { action: 'remove' } });
    expect(unsure.status).toBe(400);
    expect(besideField(unsure, 'sure')).toContain('Check the box');
    expect(unsure.body).toContain('<details open>');
    expect((await ask(`/edit/${id}`)).status).toBe(200);

    const removed = await ask(`/edit/${id}`, { form: { action: 'remove', sure: 'yes' } });
    expect([removed.status, removed.location?.pathname]).toEqual([303, '/']);
    const gone = await ask(`/edit/${id}`);
    expect(gone.status).toBe(404);
    expect(gone.headers['content-type']).toMatch(/^text\/html/u);
    expect(await tokenStatus(id, secretIn(made))).toBe(400);
  });

  it('show those of the configuration file, and do not change them', async () => {
    const shown = await ask('/edit/grafana');
    expect(shown.body).toContain('declared in the configuration file');
    expect(shown.body).not.toContain('<form');
    const forms: Form[] = [
      { action: 'save', name: 'x', redirect_uri: redirectUri },
      { action: 'rotate-secret' },
      { action: 'remove', sure: 'yes' },
    ];
    for (const form of forms) expect((await ask('/edit/grafana', { form })).status).toBe(409);
  });

  it('are recorded, with who did what', async () => {
    const id = idIn(await add());
    await ask(`/edit/${id}`, { form: { action: 'save', name: 'x', redirect_uri: redirectUri } });
    await ask(`/edit/${id}`, { form: { action: 'rotate-secret' } });
    await ask(`/edit/${id}`, { form: { action: 'remove', sure: 'yes' } });
    const records = auditLog(pages.world.directory).filter(({ event }) => event === 'client');
    expect(records.slice(-4)).toMatchObject(
      ['add', 'edit', 'rotate-secret', 'remove'].map((action) => ({
        subject: 'userid:1',
        detail: { action, by: 'http' },
      })),
    );
  });
});

describe('T25 whom no rule names', () => {
  const everything: readonly [path: string, asked: Asked][] = [
    ['/new', {}],
    ['/new', { form: { name: 'x', redirect_uri: redirectUri } }],
    ['/edit/grafana', {}],
    ['/edit/nobody', {}],
    ['/edit/grafana', { form: { action: 'remove', sure: 'yes' } }],
  ];
  it.each([
    ['a person', '127.0.0.2', /allow_admin_ui/u],
    ['a machine', '127.0.0.3', /allow_admin_ui/u],
    ['a member of another tailnet', '127.0.0.4', /belongs to another tailnet/u],
    ['nobody', '127.0.0.5', /does not come from a device/u],
    ['a device that has expired', '127.0.0.6', /has expired/u],
    ['another program here', '127.0.0.9', /does not come from a device/u],
  ])('sees and does nothing: %s', async (_, from, says) => {
    for (const [path, asked] of everything) {
      const answer = await ask(path, asked, from);
      expect(answer.status).toBe(403);
      expect(answer.body).toMatch(says);
      expect(answer.body).toContain('for administrators');
      expect(answer.body).not.toContain('<form');
    }
    expect((await ask('/', {}, from)).body).not.toContain('/edit/');
    const record = auditLog(pages.world.directory).at(-1);
    expect(record).toMatchObject({ event: 'denial', detail: { at: 'edit', peer: from } });
  });
});

describe('T26 T33 a web page in an administrator’s browser', () => {
  const forgeries: Record<string, string>[] = [
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: 'http://grafana.tailnet.test' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' },
    { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'navigate' },
  ];
  it.each(forgeries)('submits none of the forms: %o', async (headers) => {
    const id = idIn(await add());
    const before = (await ask('/clients/')).body;
    const evil = { name: 'x', redirect_uri: 'https://evil.example/cb' };
    const answers = [
      await ask('/new', { form: evil, headers }),
      await ask(`/edit/${id}`, { form: { action: 'save', ...evil }, headers }),
      await ask(`/edit/${id}`, { form: { action: 'rotate-secret' }, headers }),
      await ask(`/edit/${id}`, { form: { action: 'remove', sure: 'yes' }, headers }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    for (const answer of answers) {
      expect(Object.keys(answer.headers).join()).not.toContain('access-control-');
    }
    expect((await ask('/clients/')).body).toBe(before);
  });

  it('reads none of them either', async () => {
    const headers = { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'cors' };
    for (const path of ['/new', '/edit/grafana']) {
      expect((await ask(path, { headers })).status).toBe(403);
    }
  });
});
