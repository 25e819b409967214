import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { openApp, parameters, redirectOf } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { startWorld, type World } from '../../world/world.ts';

describe('denials', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const authorize = (query: Record<string, string>, browser = new Browser()) =>
    browser.open(`${world.issuer}/authorize?${new URLSearchParams(query)}`);
  const valid = {
    client_id: 'grafana',
    response_type: 'code',
    redirect_uri: redirectOf('grafana'),
    state: 'mine',
  };

  const strangers: [string, string, RegExp][] = [
    ['127.0.0.3', 'a machine', /machine \(tag:ci\).*machine_login/],
    ['127.0.0.4', 'a foreign user', /tailnet/],
    ['127.0.0.5', 'nobody', /not .*(know|tailnet)|no .*(device|tailnet)/i],
    ['127.0.0.6', 'an expired device', /expired/],
  ];
  describe.each(strangers)('%s, %s', (address, _, why) => {
    test.each(['', 'none', 'login', 'consent'])('prompt=%s', async (prompt) => {
      const answer = await authorize(
        { ...valid, ...(prompt ? { prompt } : {}) },
        new Browser(address),
      );
      expect(answer.status).toBe(303);
      expect(answer.location?.href.startsWith(`${redirectOf('grafana')}?`)).toBe(true);
      expect(parameters(answer)).toEqual({
        error: 'access_denied',
        error_description: expect.stringMatching(why),
        error_uri: `${world.issuer}/denied?client_id=grafana`,
        state: 'mine',
        iss: world.issuer,
      });
      // RFC 6749 4.1.2.1
      expect(parameters(answer)['error_description']).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    });

    test('gets no session, and no page with a button', async () => {
      const browser = new Browser(address);
      await authorize(valid, browser);
      expect(parameters(await authorize(valid, browser))).toHaveProperty('error', 'access_denied');
      const home = await browser.open(world.issuer);
      expect(home.status).toBe(200);
      expect(home.body).not.toContain('<form');
    });

    test("another's cookie does not help", async () => {
      const alice = new Browser();
      await authorize(valid, alice);
      const thief = new Browser(address);
      for (const [name, cookie] of alice.jar) thief.jar.set(name, cookie);
      for (const prompt of ['', 'none']) {
        const answer = await authorize({ ...valid, ...(prompt ? { prompt } : {}) }, thief);
        expect(parameters(answer)).not.toHaveProperty('code');
      }
    });
  });

  test.each([
    ['X-Forwarded-For', '100.64.0.3'],
    ['X-Forwarded-Host', 'idp.tailnet.test'],
    ['X-Real-IP', '100.64.0.3'],
    ['Forwarded', 'for=100.64.0.3'],
    ['Via', '1.1 proxy'],
  ])('T34 through a proxy (%s) nobody is anybody', async (name, value) => {
    const answer = await new Browser().open(
      `${world.issuer}/authorize?${new URLSearchParams(valid)}`,
      { headers: { [name]: value } },
    );
    expect(parameters(answer)).toMatchObject({ error: 'access_denied' });
  });

  test.each([
    ['Tailscale-User-Login', 'bob@example.com'],
    ['X-Webauth-User', 'bob@example.com'],
    ['Remote-User', 'bob@example.com'],
  ])('T19 a forged %s changes nothing', async (name, value) => {
    const app = await openApp(world, 'grafana');
    const visit = await app.visit(new Browser());
    const answer = await new Browser().open(
      `${world.issuer}/authorize?${new URLSearchParams({ ...valid, scope: 'openid email' })}`,
      { headers: { [name]: value } },
    );
    const checks = { expectedState: 'mine', idTokenExpected: true };
    const tokens = await app.redeem({ answer, checks });
    expect(tokens.claims()).toMatchObject({ email: 'alice@example.com' });
    expect(visit.answer.status).toBe(303);
  });

  const broken: [string, Record<string, string>, string][] = [
    ['an unregistered redirect_uri', { redirect_uri: 'https://evil.test/cb' }, 'redirect_uri'],
    ["another client's redirect_uri", { redirect_uri: redirectOf('post') }, 'redirect_uri'],
    ['no redirect_uri', { redirect_uri: '' }, 'redirect_uri'],
    ['a redirect_uri of markup', { redirect_uri: '"><script>alert(1)</script>' }, 'redirect_uri'],
    ['an unknown client', { client_id: 'nobody' }, 'client'],
    ['no client', { client_id: '' }, 'client_id'],
    ['a client of markup', { client_id: '<script>alert(1)</script>' }, 'client'],
  ];
  test.each(broken)(
    'T08 oidcc-redirect-uri: %s is an error page of ours',
    async (_, more, named) => {
      for (const extra of [{}, { prompt: 'none' }, { response_mode: 'form_post' }, { scope: '' }]) {
        for (const address of ['127.0.0.1', '127.0.0.3', '127.0.0.5']) {
          const query = Object.entries({ ...valid, ...extra, ...more }).filter(([, text]) => text);
          const answer = await authorize(Object.fromEntries(query), new Browser(address));
          expect(answer.status).toBe(400);
          expect(answer.location).toBeUndefined();
          expect(answer.headers['content-type']).toMatch(/^text\/html/);
          expect(answer.headers['content-security-policy']).toContain("form-action 'self';");
          expect(answer.body).toContain(named);
          expect(answer.body).not.toMatch(/<script|evil\.test/);
        }
      }
    },
  );

  test('T08 a missing redirect_uri is an error where the client has only one, too', async () => {
    const { redirect_uri: _, ...rest } = valid;
    const answer = await authorize({ ...rest, client_id: 'post' });
    // OpenID Connect Core 3.1.2.1 demands the parameter
    expect(answer).toMatchObject({ status: 400, location: undefined });
  });

  test('access "granted": without a grant the denial names what is missing', async () => {
    await using strict = await startWorld({ access: 'granted', whoisCacheSeconds: 0 });
    const enter = async (address: string) =>
      parameters(
        await new Browser(address).open(`${strict.issuer}/authorize?${new URLSearchParams(valid)}`),
      );
    expect(await enter('127.0.0.2')).toEqual({
      error: 'access_denied',
      error_description: expect.stringMatching(/grant.*Grafana/),
      error_uri: `${strict.issuer}/denied?client_id=grafana`,
      state: 'mine',
      iss: strict.issuer,
    });
    const allow = (clients: string[]) =>
      allowInPolicy(strict.simulator, [{ src: ['bob@example.com'], clients }]);
    for (const clients of [['grafana'], ['Grafana'], ['*']]) {
      allow(['post']);
      expect(await enter('127.0.0.2')).not.toHaveProperty('code');
      allow(clients);
      expect(await enter('127.0.0.2')).toHaveProperty('code');
    }
    expect(await enter('127.0.0.1')).not.toHaveProperty('code');
  });
});
