import { afterEach, describe, expect, it, vi } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { json, openDocumentSite } from '../../world/document-site.ts';
import { startWorld, type World } from '../../world/world.ts';
import {
  claimsFor,
  ecKeys,
  edKeys,
  jwksOf,
  type KeyPair,
  present,
  signed,
  verdictOf,
} from '../client-authentication/assertion-app.ts';
import { openAgent, startDocumentWorld } from './document-world.ts';

const redirect = 'https://signer.test/cb';

afterEach(() => void vi.useRealTimers());

const verdict = async (world: World, id: string, pair: KeyPair) =>
  verdictOf(await present(world, await signed(claimsFor(world, id), pair, 'ES256')));

describe('jwks_uri that an operator registered', () => {
  it('may be on this machine; new keys count as soon as they are needed', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await using site = await openDocumentSite();
    const [old, young] = [ecKeys(), ecKeys()];
    site.set('/jwks', json(jwksOf(old), { 'cache-control': 'max-age=99999999' }));
    const client = { id: 'signer', redirectUris: [redirect], jwksUri: site.id('/jwks') };
    await using world = await startWorld({ clients: [client] });
    expect(await verdict(world, 'signer', old)).toBe('invalid_grant');
    expect(await verdict(world, 'signer', old)).toBe('invalid_grant');
    expect(site.count('/jwks')).toBe(1);
    site.set('/jwks', json(jwksOf(young)));
    expect(await verdict(world, 'signer', young)).toMatch(/^invalid_client/);
    // an hour at most, whatever the last answer said
    vi.setSystemTime(Date.now() + 3_601_000);
    expect(await verdict(world, 'signer', young)).toBe('invalid_grant');
    expect(await verdict(world, 'signer', old)).toMatch(/^invalid_client/);
    expect(site.count('/jwks')).toBe(2);
  });

  it('does not open anything else of that machine to strangers', async () => {
    await using site = await openDocumentSite();
    const client = { id: 'signer', redirectUris: [redirect], jwksUri: site.id('/jwks') };
    await using world = await startWorld({ clients: [client] });
    const id = site.publish('/client.json');
    const page = await new Browser().open(
      `${world.issuer}/authorize?${new URLSearchParams({ client_id: id, response_type: 'code' })}`,
    );
    expect(page.status).toBe(400);
    expect(site.asked).toEqual([]);
  });

  it.each<[string, (site: Awaited<ReturnType<typeof openDocumentSite>>) => void]>([
    ['is away', (site) => site.set('/jwks', (request) => void request.socket.destroy())],
    ['has no JSON', (site) => site.set('/jwks', json('{'))],
    ['has no keys', (site) => site.set('/jwks', json({}))],
    ['has HTML', (site) => site.set('/jwks', json('{}', { 'content-type': 'text/html' }))],
    [
      'redirects',
      (site) =>
        site.set(
          '/jwks',
          (_request, response) => void response.writeHead(302, { location: '/' }).end(),
        ),
    ],
    ['is 100 KB', (site) => site.set('/jwks', json({ keys: [{ a: 'a'.repeat(100_000) }] }))],
  ])('is asked once in ten seconds while it %s', async (_name, set) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await using site = await openDocumentSite();
    set(site);
    const client = { id: 'signer', redirectUris: [redirect], jwksUri: site.id('/jwks') };
    await using world = await startWorld({ clients: [client] });
    for (let i = 0; i < 3; i++) {
      expect(await verdict(world, 'signer', ecKeys())).toMatch(/^invalid_client/);
    }
    expect(site.count('/jwks')).toBe(1);
    expect(site.count('/')).toBe(0);
  });
});

describe('T18 key sets of clients that came by themselves', () => {
  it('stand in their document, or at a host that is allowed', async () => {
    await using at = await startDocumentWorld();
    const { world, site } = at;
    const pair = ecKeys();
    site.set('/jwks', json(jwksOf(pair)));
    const members = { token_endpoint_auth_method: 'private_key_jwt' };
    const ids = [
      site.publish('/inline.json', { ...members, jwks: jwksOf(pair) }),
      site.publish('/uri.json', { ...members, jwks_uri: site.id('/jwks') }),
    ];
    for (const id of ids) {
      const agent = await openAgent(world, id, 'https://agent.test/callback');
      expect((await agent.visit(new Browser())).answer.status).toBe(303);
      expect(await verdict(world, id, pair)).toBe('invalid_grant');
      expect(await verdict(world, id, ecKeys())).toMatch(/^invalid_client/);
      // T02: a client with keys is not a public one
      const form = { grant_type: 'refresh_token', refresh_token: 'x', client_id: id };
      const answer = await new Browser().open(`${world.issuer}/token`, { form });
      expect(JSON.parse(answer.body)).toMatchObject({ error: 'invalid_client' });
    }
  });

  it('are not fetched from private addresses', async () => {
    await using at = await startDocumentWorld();
    await using inside = await openDocumentSite();
    const { world, site } = at;
    const pair = ecKeys();
    inside.set('/jwks', json(jwksOf(pair)));
    const { port } = inside;
    const uris = [inside.id('/jwks'), `https://127.0.0.1:${port}/jwks`, 'https://10.0.0.1/jwks'];
    for (const [index, uri] of uris.entries()) {
      const id = site.publish(`/${index}.json`, {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: uri,
      });
      const agent = await openAgent(world, id, 'https://agent.test/callback');
      expect((await agent.visit(new Browser())).answer.status).toBe(303);
      expect(await verdict(world, id, pair)).toMatch(/^invalid_client/);
    }
    expect(inside.asked).toEqual([]);
  });

  it('T14 hold as few keys at a URL as in a document, and none that make us compute for long', async () => {
    await using at = await startDocumentWorld();
    const { world, site } = at;
    const pair = ecKeys();
    const others = (count: number) => Array.from({ length: count }, edKeys);
    const sets: readonly (readonly [object, expected: RegExp])[] = [
      [jwksOf(...others(19), pair), /^invalid_grant$/],
      [jwksOf(...others(20), pair), /^invalid_client/],
      [{ keys: [...jwksOf(pair).keys, { kty: 'oct', k: 'eA' }] }, /^invalid_client/],
    ];
    for (const [index, [set, expected]] of sets.entries()) {
      site.set(`/jwks/${index}`, json(set));
      const id = site.publish(`/${index}.json`, {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: site.id(`/jwks/${index}`),
      });
      const agent = await openAgent(world, id, 'https://agent.test/callback');
      expect((await agent.visit(new Browser())).answer.status).toBe(303);
      expect(await verdict(world, id, pair)).toMatch(expected);
    }
  });

  it('fail for themselves: an app of the operator whose URL they name goes on', async () => {
    await using inside = await openDocumentSite();
    const pair = ecKeys();
    inside.set('/jwks', json(jwksOf(pair)));
    const client = { id: 'signer', redirectUris: [redirect], jwksUri: inside.id('/jwks') };
    await using at = await startDocumentWorld((host) => ({
      metadataDocuments: { allowedHosts: [host] },
      clients: [client],
    }));
    const { world, site } = at;
    const id = site.publish('/client.json', {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: inside.id('/jwks'),
    });
    const agent = await openAgent(world, id, 'https://agent.test/callback');
    expect((await agent.visit(new Browser())).answer.status).toBe(303);
    expect(await verdict(world, id, pair)).toMatch(/^invalid_client/);
    expect(inside.asked).toEqual([]);
    expect(await verdict(world, 'signer', pair)).toBe('invalid_grant');
  });
});
