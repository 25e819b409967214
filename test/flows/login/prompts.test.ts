import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { acrTailnet } from '../../../src/protocol/assurance.ts';
import { type App, json, openApp, pageAfter, parameters, press } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { startWorld, type World } from '../../world/world.ts';

const authTime = JSON.stringify({ id_token: { auth_time: { essential: true } } });

/** Daemon and test share the process: the clock alone is moved, sockets and timers stay real. */
function later(seconds: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(now + seconds * 1000);
}

describe('prompts', () => {
  let world: World;
  let app: App;
  beforeAll(async () => {
    world = await startWorld();
    app = await openApp(world, 'grafana');
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** A login through one page with a button; `auth_time` of its ID token. */
  async function throughPage(browser: Browser, more: Record<string, string>): Promise<number> {
    const visit = await app.visit(browser, { claims: authTime, ...more });
    const page = await pageAfter(browser, visit);
    expect(page).toMatchObject({ status: 200, location: undefined });
    expect(page.body).toContain('alice@example.com');
    expect(page.body).toMatch(/<button [^>]*value="continue"/);
    const tokens = await app.redeem({ ...visit, answer: await press(browser, page, world) });
    return Number(tokens.claims()?.auth_time);
  }

  async function silently(browser: Browser, more: Record<string, string> = {}): Promise<number> {
    const tokens = await app.login(browser, { claims: authTime, ...more });
    return Number(tokens.claims()?.auth_time);
  }

  const error = async (browser: Browser, more: Record<string, string>, from = app) => {
    const { answer, checks } = await from.visit(browser, more);
    expect(parameters(answer)).toMatchObject({ iss: world.issuer, state: checks.expectedState });
    expect(parameters(answer)).not.toHaveProperty('code');
    return parameters(answer)['error'];
  };

  test('oidcc-prompt-none-not-logged-in: login_required on a first visit and after logout', async () => {
    const browser = new Browser();
    expect(await error(browser, { prompt: 'none' })).toBe('login_required');
    await app.login(browser);
    expect(await silently(browser, { prompt: 'none' })).toBeGreaterThan(0);
    const page = await browser.open(`${world.issuer}/logout`);
    await press(browser, page, world, { logout: 'yes' });
    expect(await error(browser, { prompt: 'none' })).toBe('login_required');
  });

  test('oidcc-prompt-none-logged-in: a code, silently, with the same auth_time and subject', async () => {
    const browser = new Browser();
    const first = await silently(browser);
    later(5);
    expect(await silently(browser, { prompt: 'none' })).toBe(first);
  });

  test('oidcc-prompt-login: a page, a button, a later auth_time', async () => {
    const browser = new Browser();
    const first = await silently(browser);
    later(5);
    const second = await throughPage(browser, { prompt: 'login' });
    expect(second).toBeGreaterThanOrEqual(first + 5);
    expect(await silently(browser)).toBe(second);
  });

  test('oidcc-max-age-1: exceeded, so a page and a later auth_time', async () => {
    const browser = new Browser();
    const first = await silently(browser);
    later(3);
    const second = await throughPage(browser, { max_age: '1' });
    expect(second).toBeGreaterThanOrEqual(first + 3);
  });

  test('oidcc-max-age-10000: twice without a page, the same auth_time', async () => {
    const browser = new Browser();
    const first = await silently(browser, { max_age: '10000', claims: '' });
    later(5);
    expect(await silently(browser, { max_age: '10000', claims: '' })).toBe(first);
  });

  test('max_age=0 is a page, with and without a session', async () => {
    const browser = new Browser();
    await throughPage(browser, { max_age: '0' });
    await throughPage(browser, { max_age: '0' });
  });

  test.each(['login', 'consent', 'select_account', 'login consent', 'consent unknown'])(
    'prompt=%s is one page, each time',
    async (prompt) => {
      const browser = new Browser();
      for (let time = 0; time < 2; time += 1) {
        expect(await throughPage(browser, { prompt })).toBeGreaterThan(0);
      }
    },
  );

  test('prompt=consent keeps offline_access', async () => {
    const browser = new Browser();
    const visit = await app.visit(browser, { prompt: 'consent', scope: 'openid offline_access' });
    const page = await pageAfter(browser, visit);
    const tokens = await app.redeem({ ...visit, answer: await press(browser, page, world) });
    expect(tokens.scope).toBe('openid offline_access');
  });

  test('prompt=none with another one is refused', async () => {
    expect(await error(new Browser(), { prompt: 'none login' })).toBe('invalid_request');
  });

  test('a client to be confirmed: a page every time, none is consent_required, Cancel is access_denied', async () => {
    const careful = await openApp(world, 'careful');
    const browser = new Browser();
    for (let time = 0; time < 2; time += 1) {
      const visit = await careful.visit(browser);
      const page = await pageAfter(browser, visit);
      expect(page.body).toContain('Careful app');
      expect(page.body).toContain('https://careful.test');
      const answer = await press(browser, page, world);
      expect((await careful.redeem({ ...visit, answer })).claims()?.sub).toBe('userid:1');
    }
    expect(await error(browser, { prompt: 'none' }, careful)).toBe('consent_required');

    const visit = await careful.visit(browser, { state: 'mine' });
    const page = await pageAfter(browser, visit);
    const cancelled = await press(browser, page, world, { action: 'cancel' });
    expect(cancelled.location?.origin).toBe('https://careful.test');
    expect(parameters(cancelled)).toEqual({
      error: 'access_denied',
      error_description: 'the person chose not to log in',
      state: 'mine',
      iss: world.issuer,
    });
  });

  test('a native public client is confirmed, at any loopback port', async () => {
    const native = await openApp(world, 'native');
    const browser = new Browser();
    const redirectUri = 'http://127.0.0.1:51234/cb';
    const visit = await native.visit(browser, { redirect_uri: redirectUri });
    expect(visit.answer.location?.origin).toBe(world.issuer);
    const page = await pageAfter(browser, visit);
    const answer = await press(browser, page, world);
    expect(answer.location?.href.startsWith(`${redirectUri}?`)).toBe(true);
    expect((await native.redeem({ ...visit, answer })).claims()?.sub).toBe('userid:1');
  });

  test('the page: wrong methods, wrong forms, other sites, a second click, too late', async () => {
    const browser = new Browser();
    const visit = await app.visit(browser, { prompt: 'consent' });
    const page = await pageAfter(browser, visit);
    const url = visit.answer.location ?? '';
    const own = { origin: world.issuer };
    const status = async (options: Parameters<Browser['open']>[1], from = browser) =>
      (await from.open(url, options)).status;

    expect(await status({ method: 'PUT' })).toBe(405);
    expect(await status({ form: {}, headers: own })).toBe(400);
    expect(await status({ form: { action: 'yes' }, headers: own })).toBe(400);
    expect(await status({ form: { action: ['continue', 'cancel'] }, headers: own })).toBe(400);
    expect(await status({ body: '{"action":"continue"}', headers: own })).toBe(400);
    for (const headers of [
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      expect(await status({ form: { action: 'continue' }, headers }), `${headers}`).toBe(403);
    }
    // without the cookie, that is in another browser
    expect(await status({ form: { action: 'continue' }, headers: own }, new Browser())).toBe(410);

    const copy = new Browser();
    for (const [name, cookie] of browser.jar) copy.jar.set(name, cookie);
    const answer = await press(browser, page, world);
    expect(parameters(answer)).toHaveProperty('code');
    const again = await press(copy, page, world);
    expect(again).toMatchObject({ status: 410, location: undefined });
    expect(again.headers['content-type']).toMatch(/^text\/html/);

    const next = await app.visit(browser, { prompt: 'consent' });
    later(901);
    const tooLate = await pageAfter(browser, next);
    expect(tooLate.status).toBe(410);
    expect(tooLate.body).toContain('expired');
  });

  test('oidcc-id-token-hint: own → code, with prompt=none too; another subject → login_required', async () => {
    const browser = new Browser();
    const { id_token: mine = '' } = await app.login(browser);
    const { id_token: bobs = '' } = await app.login(new Browser('127.0.0.2'));
    expect(await silently(browser, { id_token_hint: mine })).toBeGreaterThan(0);
    expect(await silently(browser, { id_token_hint: mine, prompt: 'none' })).toBeGreaterThan(0);
    expect(await error(browser, { id_token_hint: bobs })).toBe('login_required');
    expect(await error(browser, { id_token_hint: bobs, prompt: 'none' })).toBe('login_required');
    expect(await error(new Browser(), { id_token_hint: bobs })).toBe('login_required');
    later(3600);
    expect(await silently(browser, { id_token_hint: mine })).toBeGreaterThan(0);
  });

  test('an essential acr that the network cannot give is an error, its own is not', async () => {
    const asking = (value: unknown) => JSON.stringify({ id_token: { acr: value } });
    const browser = new Browser();
    const mfa = asking({ essential: true, values: ['urn:mfa'] });
    expect(await error(browser, { claims: mfa })).toBe('unmet_authentication_requirements');
    const mine = asking({ essential: true, values: ['urn:mfa', acrTailnet] });
    const tokens = await app.login(browser, { claims: mine });
    expect(tokens.claims()?.['acr']).toBe(acrTailnet);
    await app.login(browser, { claims: asking({ values: ['urn:mfa'] }) });
  });

  test('claims for a certain subject: this person or nobody', async () => {
    const asking = (sub: string) => JSON.stringify({ id_token: { sub: { value: sub } } });
    await app.login(new Browser(), { claims: asking('userid:1') });
    expect(await error(new Browser(), { claims: asking('userid:2') })).toBe('login_required');
  });

  test('an error page is never JSON, and JSON never a page', async () => {
    const page = await new Browser().open(`${world.issuer}/interaction/nothing`);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    const answer = await app.post('/token', {}, { accept: 'text/html' });
    expect(json(answer)).toHaveProperty('error');
  });
});
