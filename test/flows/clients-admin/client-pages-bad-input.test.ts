import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Asked,
  besideField,
  type ClientPages,
  type Form,
  idIn,
  openClientPages,
  redirectUri,
} from './client-pages.ts';

let pages: ClientPages;
beforeAll(async () => {
  pages = await openClientPages();
});
afterAll(() => pages[Symbol.asyncDispose]());
beforeEach(() => pages.allow());

const ask: ClientPages['ask'] = (...asked) => pages.ask(...asked);
const add: ClientPages['add'] = (form) => pages.add(form);

describe('a form that is filled in wrongly', () => {
  const cases: readonly (readonly [what: string, Form, field: string, RegExp])[] = [
    ['no name', { name: '' }, 'name', /This must not be empty/u],
    ['a blank name', { name: '   ' }, 'name', /must not be empty/u],
    ['a name that is too long', { name: 'n'.repeat(101) }, 'name', /at most 100 characters/u],
    ['a name that turns the text', { name: 'a\u202eb' }, 'name', /must not hold control/u],
    ['two names', { name: ['a', 'b'] }, 'name', /must be text/u],
    ['no redirect URI', { redirect_uri: '' }, 'redirect_uri', /This .*(must|needs|has)/u],
    ['only blank lines', { redirect_uri: ' \r\n ' }, 'redirect_uri', /This /u],
    ['no URI', { redirect_uri: 'new.test/cb' }, 'redirect_uri', /“new\.test\/cb”/u],
    ['one that runs code', { redirect_uri: 'javascript:x' }, 'redirect_uri', /“javascript:x”/u],
    ['a fragment', { redirect_uri: `${redirectUri}#a` }, 'redirect_uri', /fragment/u],
    ['a user', { redirect_uri: 'https://a@new.test/' }, 'redirect_uri', /@/u],
    [
      'the same twice',
      { redirect_uri: `${redirectUri}\n${redirectUri}` },
      'redirect_uri',
      /twice/u,
    ],
    [
      'too many',
      { redirect_uri: Array.from({ length: 51 }, (_, at) => `${redirectUri}/${at}`).join('\n') },
      'redirect_uri',
      /0 to 50|1 to 50/u,
    ],
  ];

  it.each(cases)(
    'says so beside the field and keeps the rest: %s',
    async (_, form, field, says) => {
      const before = (await ask('/clients/')).body;
      const answer = await add(form);
      expect(answer.status).toBe(400);
      expect(besideField(answer, field)).toMatch(says);
      expect(answer.body).toContain(`aria-describedby="${field}-problem"`);
      const other = field === 'name' ? `\n${redirectUri}\n</textarea>` : 'value="New app"';
      expect(answer.body).toContain(other);
      expect((await ask('/clients/')).body).toBe(before);
    },
  );

  it.each(cases)('changes nothing of an app: %s', async (_, form, field, says) => {
    const id = idIn(await add());
    const before = (await ask(`/clients/${id}`)).body;
    const filled = { action: 'save', name: 'Other', redirect_uri: redirectUri, ...form };
    const answer = await ask(`/edit/${id}`, { form: filled });
    expect(answer.status).toBe(400);
    expect(besideField(answer, field)).toMatch(says);
    expect((await ask(`/clients/${id}`)).body).toBe(before);
  });

  it('names both fields when both are wrong', async () => {
    const answer = await add({ name: '', redirect_uri: 'x' });
    expect(besideField(answer, 'name')).not.toBe('');
    expect(besideField(answer, 'redirect_uri')).not.toBe('');
  });

  it('shows what was typed as text, never as markup', async () => {
    const evil = `"><script>alert(1)</script></textarea><img src=x>`;
    const answer = await add({ name: `${evil}\u0000`, redirect_uri: evil });
    expect(answer.status).toBe(400);
    expect(answer.body).not.toMatch(/<script|<img/iu);
    const made = await add({ name: evil.slice(0, 90) });
    for (const path of ['/', `/edit/${idIn(made)}`]) {
      expect((await ask(path)).body).not.toMatch(/<script|<img/iu);
    }
  });

  it.each([
    ['no form', { method: 'POST', headers: { 'content-type': 'application/json' } }, 400],
    ['another button', { form: { action: 'explode' } }, 400],
    ['no button', { form: { name: 'x' } }, 400],
    ['two buttons', { form: { action: ['save', 'remove'] } }, 400],
    ['too much', { form: { action: 'save', name: 'n'.repeat(70_000) } }, 413],
  ] as [string, Asked, number][])('is no form of ours: %s', async (_, asked, status) => {
    const id = idIn(await add());
    const answer = await ask(`/edit/${id}`, asked);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^text\/html/u);
  });

  it.each(['nobody', 'x'.repeat(3000), '%00', '%ff'])(
    'is about an app that there is: %s',
    async (id) => {
      expect((await ask(`/edit/${id}`)).status).toBe(404);
    },
  );
});
