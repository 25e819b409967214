import { afterEach, describe, expect, it, vi } from 'vitest';
import { storeEndings } from '../../../src/cli/store-endings.ts';
import { withDocuments } from '../../../src/clients/documents/document-clients.ts';
import { type ClientManager, createClientManager } from '../../../src/clients/manage-clients.ts';
import { systemClock } from '../../../src/clock.ts';
import { databasePath } from '../../../src/store/sqlite/open.ts';
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts';
import { Browser } from '../../world/browser.ts';
import type { World } from '../../world/world.ts';
import { openAgent, startDocumentWorld } from './document-world.ts';

const redirect = 'https://agent.test/callback';
const byCli = { source: 'cli', record: { detail: { by: 'cli' } } } as const;

afterEach(() => void vi.useRealTimers());

/** As the command line does it, beside the running daemon. */
async function administer<T>(
  world: World,
  act: (manager: ClientManager) => Promise<T>,
): Promise<T> {
  const store = openSqlite({ path: databasePath(`${world.directory}/state`), clock: systemClock });
  try {
    const manager = createClientManager({
      declared: [],
      clients: withDocuments(store.clients, store.documents),
      endings: storeEndings(store),
      registrations: store.registrations,
      consents: store.consents,
      audit: store.audit,
      clock: systemClock,
      secretKey: () => Promise.reject(new Error('no secret is made here')),
      forget: () => undefined,
    });
    const done = await act(manager);
    await store.committed();
    return done;
  } finally {
    await store.close();
  }
}

describe('administrators and clients that are metadata documents', () => {
  it('see them, approve them, and approve again what changed', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await using at = await startDocumentWorld();
    const { world, site } = at;
    const id = site.publish('/client.json');
    const agent = await openAgent(world, id, redirect);
    expect((await agent.visit(new Browser())).answer.location?.origin).toBe(world.issuer);
    expect(await administer(world, (manager) => manager.list())).toMatchObject([
      {
        id,
        source: 'metadata-document',
        secret: 'none',
        metadata: { client_name: 'Example Agent' },
      },
    ]);
    await administer(world, (manager) => manager.mark(id, 'approve', byCli));
    // nobody is asked any more
    expect((await agent.visit(new Browser())).answer.location?.origin).toBe('https://agent.test');
    site.publish('/client.json', { redirect_uris: [redirect, 'https://evil.test/cb'] });
    vi.setSystemTime(Date.now() + 601_000);
    expect((await agent.visit(new Browser())).answer.location?.origin).toBe(world.issuer);
    const view = await administer(world, (manager) => manager.find(id));
    expect(view.metadata).not.toHaveProperty('tsidp_approved');
  });

  it('T15 let them wait as those that register themselves do', async () => {
    await using at = await startDocumentWorld((host) => ({
      metadataDocuments: { allowedHosts: [host] },
      registration: { quarantine: true },
    }));
    const { world, site } = at;
    const id = site.publish('/client.json');
    const agent = await openAgent(world, id, redirect);
    const refused = await agent.visit(new Browser());
    expect([refused.answer.status, refused.answer.location]).toEqual([403, undefined]);
    expect(refused.answer.body).toMatch(/waits for an administrator/);
    await administer(world, (manager) => manager.mark(id, 'release', byCli));
    const tokens = await agent.login();
    expect(tokens.access_token).toBeDefined();
  });

  it('shut them out, and forget them with their tokens', async () => {
    await using at = await startDocumentWorld();
    const { world, site } = at;
    const id = site.publish('/client.json');
    const agent = await openAgent(world, id, redirect);
    const { access_token: token } = await agent.login();
    const userinfo = () =>
      new Browser().open(`${world.issuer}/userinfo`, {
        headers: { authorization: `Bearer ${token}` },
      });
    expect((await userinfo()).status).toBe(200);
    await administer(world, (manager) => manager.mark(id, 'quarantine', byCli));
    expect((await agent.visit(new Browser())).answer.status).toBe(403);
    await administer(world, (manager) => manager.remove(id, byCli));
    expect((await userinfo()).status).toBe(401);
    // strangers do not bring it back
    const form = { grant_type: 'refresh_token', refresh_token: 'x', client_id: id };
    const answer = await new Browser('127.0.0.9').open(`${world.issuer}/token`, { form });
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'invalid_client' });
    expect(await administer(world, (manager) => manager.list())).toEqual([]);
  });

  it('do not change what stands in them', async () => {
    await using at = await startDocumentWorld();
    const { world, site } = at;
    const id = site.publish('/client.json');
    await (await openAgent(world, id, redirect)).visit(new Browser());
    const change = { name: 'Mine', redirectUris: ['https://mine.test/'] };
    const edited = administer(world, (manager) => manager.edit(id, change, byCli));
    await expect(edited).rejects.toMatchObject({ code: 'invalid' });
  });
});
