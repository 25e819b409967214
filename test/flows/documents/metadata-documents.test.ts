import * as oidc from 'openid-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parameters } from '../../world/app.ts';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { startWorld } from '../../world/world.ts';
import { allow, openAgent, startDocumentWorld } from './document-world.ts';

const redirect = 'https://agent.test/callback';

afterEach(() => void vi.useRealTimers());

async function metadataOf(issuer: string, document: string): Promise<Record<string, unknown>> {
  const answer = await new Browser().open(`${issuer}/.well-known/${document}`);
  return JSON.parse(answer.body) as Record<string, unknown>;
}

describe('a client that is a metadata document', () => {
  it('logs in after one look at a page, refreshes, and is not asked for again', async () => {
    await using at = await startDocumentWorld();
    const { world, site } = at;
    const id = site.publish('/client.json');
    const agent = await openAgent(world, id, redirect);
    const browser = new Browser();
    const visited = await agent.visit(browser);
    expect(visited.answer.location?.origin).toBe(world.issuer);
    const answer = await allow(browser, visited, world);
    expect(answer.location?.href).toMatch(/^https:\/\/agent\.test\/callback\?/);
    const tokens = await oidc.authorizationCodeGrant(
      agent.config,
      answer.location as URL,
      visited.checks,
    );
    const refreshed = await oidc.refreshTokenGrant(agent.config, tokens.refresh_token ?? '');
    const person = await oidc.fetchUserInfo(
      agent.config,
      refreshed.access_token,
      tokens.claims()?.sub ?? '',
    );
    expect(person.sub).toBe(tokens.claims()?.sub);
    const again = await agent.visit(browser);
    expect(parameters(again.answer)['code']).toBeDefined();
    expect(site.count('/client.json')).toBe(1);
    expect(auditLog(world.directory)).toContainEqual(
      expect.objectContaining({
        event: 'client',
        subject: tokens.claims()?.sub,
        detail: expect.objectContaining({
          action: 'metadata document',
          name: 'Example Agent',
          redirectUris: [redirect],
        }),
      }),
    );
  });

  it('is called back at any port of a loopback address that it lists without one', async () => {
    await using at = await startDocumentWorld();
    const { world, site } = at;
    const id = site.publish('/native.json', {
      redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
      application_type: 'native',
    });
    for (const uri of ['http://localhost:43123/callback', 'http://127.0.0.1:9/callback']) {
      const agent = await openAgent(world, id, uri);
      const tokens = await agent.login();
      expect(tokens.refresh_token).toBeDefined();
    }
    const other = await openAgent(world, id, 'http://localhost:43123/elsewhere');
    const { answer } = await other.visit(new Browser());
    expect([answer.status, answer.location]).toEqual([400, undefined]);
  });

  it('T17 asks again when the document has new redirect URIs, and goes on where they went', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await using at = await startDocumentWorld();
    const { world, site } = at;
    const id = site.publish('/client.json');
    const agent = await openAgent(world, id, redirect);
    const browser = new Browser();
    await agent.login(browser);
    site.publish('/client.json', { redirect_uris: [redirect, 'https://evil.test/callback'] });
    // not yet: what was fetched is fresh
    const early = await agent.visit(browser, { redirect_uri: 'https://evil.test/callback' });
    expect(early.answer.status).toBe(400);
    vi.setSystemTime(Date.now() + 601_000);
    const later = await agent.visit(browser);
    expect(later.answer.location?.origin).toBe(world.issuer);
    await allow(browser, later, world);
    site.publish('/client.json', { redirect_uris: ['https://evil.test/callback'] });
    vi.setSystemTime(Date.now() + 601_000);
    const gone = await agent.visit(browser);
    expect([gone.answer.status, gone.answer.location]).toEqual([400, undefined]);
  });

  it('goes on over a restart and its host being away', async () => {
    await using at = await startDocumentWorld();
    const { world, site } = at;
    const id = site.publish('/client.json', {}, { 'cache-control': 'max-age=3600' });
    const agent = await openAgent(world, id, redirect);
    const tokens = await agent.login();
    const count = site.count('/client.json');
    site.set('/client.json', (request) => void request.socket.destroy());
    await world.restart();
    const refreshed = await oidc.refreshTokenGrant(agent.config, tokens.refresh_token ?? '');
    expect(refreshed.access_token).toBeDefined();
    expect(site.count('/client.json')).toBe(count);
  });

  it('tells its app to come back when its host was away for long, not that it is unknown', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await using at = await startDocumentWorld();
    const { world, site } = at;
    const agent = await openAgent(world, site.publish('/client.json'), redirect);
    const tokens = await agent.login();
    site.set('/client.json', (_request, response) => void response.writeHead(503).end());
    vi.setSystemTime(Date.now() + 86_000_000);
    const form = {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token ?? '',
      client_id: site.id('/client.json'),
    };
    const refresh = () => new Browser().open(`${world.issuer}/token`, { form });
    expect((await refresh()).status).toBe(200);
    vi.setSystemTime(Date.now() + 86_400_000);
    const late = await refresh();
    expect(late.status).toBe(503);
    expect(late.headers['retry-after']).toBeDefined();
    expect(JSON.parse(late.body)).toMatchObject({ error: 'temporarily_unavailable' });
  });
});

describe('who accepts metadata documents says so', () => {
  const documents = ['openid-configuration', 'oauth-authorization-server'];

  it('in both metadata documents, beside "none", by default', async () => {
    await using world = await startWorld();
    for (const document of documents) {
      const metadata = await metadataOf(world.issuer, document);
      expect(metadata['client_id_metadata_document_supported']).toBe(true);
      expect(metadata['token_endpoint_auth_methods_supported']).toContain('none');
      expect(metadata['token_endpoint_auth_methods_supported']).toContain('private_key_jwt');
    }
  });

  it.each([{ mode: 'off' }, { mode: 'off', allowedHosts: ['a.example'] }, { mode: 'allowed' }])(
    'and not when none can work: %j',
    async (metadataDocuments) => {
      await using world = await startWorld({ metadataDocuments });
      for (const document of documents) {
        const metadata = await metadataOf(world.issuer, document);
        expect(metadata).not.toHaveProperty('client_id_metadata_document_supported');
      }
    },
  );
});
