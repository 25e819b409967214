import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runningClients } from '../../../src/cli/clients-of-daemon.ts';
import { json } from '../../world/login.ts';
import { type ClientPages, openClientPages } from './client-pages.ts';

let pages: ClientPages;
beforeAll(async () => {
  pages = await openClientPages();
  pages.allow();
  const clients = await runningClients(join(pages.world.directory, 'state'));
  await clients?.add({ id: 'ci', name: 'CI', peer: { tags: ['tag:ci'] } }, false);
  const redirectUris = ['https://keyed.test/cb'];
  const jwksUri = 'https://keyed.test/jwks';
  await clients?.add({ id: 'keyed', redirectUris, jwksUri }, false);
});
afterAll(() => pages[Symbol.asyncDispose]());

it.each([
  ['ci', 'tagged node tag:ci, without a secret'],
  ['keyed', 'signs with keys of its own (private_key_jwt)'],
])('the page of %s says how it authenticates, and makes no secret', async (id, words) => {
  const page = await pages.ask(`/edit/${id}`);
  expect(page.body).toContain(words);
  expect(page.body).not.toContain('rotate-secret');
  const form = { action: 'rotate-secret' };
  expect((await pages.ask(`/edit/${id}`, { form })).status).toBe(409);
});

it('a client that is a tagged node is renamed, and stays that node', async () => {
  const form = { action: 'save', name: 'Runners', redirect_uri: '' };
  const saved = await pages.ask('/edit/ci', { form });
  expect(saved.status, saved.body).toBe(200);
  expect(saved.body).toContain('value="Runners"');
  const asked = { form: { grant_type: 'client_credentials', client_id: 'ci' } };
  // it is known; no grant names a resource for it
  expect(json(await pages.ask('/token', asked, '127.0.0.3'))).toMatchObject({
    error: 'invalid_target',
  });
  expect(json(await pages.ask('/token', asked, '127.0.0.2'))).toMatchObject({
    error: 'invalid_client',
  });
});
