import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, bearer, json, openApp, type Tokens } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const own = 'https://spa.test';
const listed = 'https://listed.test';
const foreign = 'https://evil.test';

describe('single-page apps and other web pages', () => {
  let world: World;
  let spa: App;
  let tokens: Tokens;
  beforeAll(async () => {
    const others = clients.filter(({ id }) => id !== 'spa');
    const redirectUris = ['https://spa.test/cb'];
    world = await startWorld({
      clients: [...others, { id: 'spa', redirectUris, allowedOrigins: [listed] }],
    });
    spa = await openApp(world, 'spa');
    tokens = await spa.login();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test.each(['/token', '/userinfo', '/revoke'])('%s: preflight', async (path) => {
    const answer = await new Browser().open(`${world.issuer}${path}`, {
      method: 'OPTIONS',
      headers: {
        origin: own,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, mcp-protocol-version',
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': own,
      'access-control-allow-methods': expect.stringContaining('POST'),
      'access-control-allow-headers': 'authorization, mcp-protocol-version',
    });
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  const attempts = (origin: string) =>
    Promise.all([
      spa.post(
        '/token',
        { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'spa' },
        { origin },
      ),
      spa.post('/revoke', { token: 'x', client_id: 'spa' }, { origin }),
      new Browser().open(`${world.issuer}/userinfo`, {
        headers: { ...bearer(tokens.access_token), origin },
      }),
    ]);

  test.each([own, listed])('%s reads the answers of its client', async (origin) => {
    const [token, revoke, userinfo] = await attempts(origin);
    for (const answer of [token, revoke, userinfo]) {
      expect(answer.headers['access-control-allow-origin']).toBe(origin);
      expect(answer.headers['vary']).toMatch(/origin/i);
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    }
    // errors, too, or an app in a browser could never tell why
    expect(json(token)).toMatchObject({ error: 'invalid_grant' });
    expect(json(userinfo)).toMatchObject({ sub: 'userid:1' });
  });

  test.each([
    foreign,
    'http://spa.test',
    'https://spa.test:8443',
    'null',
    'https://spa.test.evil.test',
  ])('%s is refused and reads nothing', async (origin) => {
    for (const answer of await attempts(origin)) {
      expect(answer.status).toBe(400);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      expect(answer.body).not.toContain('userid');
    }
  });

  test.each(['/authorize', '/', '/logout', '/interaction/x', '/healthz'])(
    'T33 %s has no CORS headers',
    async (path) => {
      for (const method of ['GET', 'OPTIONS']) {
        const answer = await new Browser().open(`${world.issuer}${path}`, {
          method,
          headers: { origin: own, 'access-control-request-method': 'GET' },
        });
        expect(
          Object.keys(answer.headers).filter((name) => name.startsWith('access-control')),
        ).toEqual([]);
      }
    },
  );
});
