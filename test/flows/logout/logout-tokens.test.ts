import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type App,
  bearer,
  json,
  openApp,
  parameters,
  press,
  type Tokens,
} from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { startWorld, type World } from '../../world/world.ts';

const yes = { logout: 'yes' };

describe('tokens after a logout', () => {
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

  async function expectTokens(tokens: Tokens, alive: boolean, of = app) {
    const userinfo = `${world.issuer}/userinfo`;
    const info = await new Browser().open(userinfo, { headers: bearer(tokens.access_token) });
    expect(info.status).toBe(alive ? 200 : 401);
    const seen = json(await of.post('/introspect', { token: tokens.access_token }));
    expect(seen['active']).toBe(alive);
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
    const refreshed = json(await of.post('/token', form));
    expect(refreshed['error']).toBe(alive ? undefined : 'invalid_grant');
  }

  test('every login of the session ends with it, for every app and good, and no other', async () => {
    const [browser, elsewhere] = [new Browser(), new Browser()];
    const other = await openApp(world, 'es256');
    const first = await app.login(browser);
    const second = await app.login(browser, { scope: 'openid' });
    const third = await other.login(browser);
    const alive = await app.login(elsewhere);
    await press(browser, await browser.open(`${world.issuer}/logout`), world, yes);
    await world.restart();
    for (const tokens of [first, second]) await expectTokens(tokens, false);
    await expectTokens(third, false, other);
    await expectTokens(alive, true);
  });

  test('a session that only expires ends no tokens', async () => {
    const tokens = await app.login();
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 20 * 86_400_000);
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
    expect(json(await app.post('/token', form))).toHaveProperty('access_token');
  });

  test('staying signed in keeps them', async () => {
    const browser = new Browser();
    const tokens = await app.login(browser);
    const page = await browser.open(`${world.issuer}/logout?client_id=grafana`);
    await press(browser, page, world, {});
    await expectTokens(tokens, true);
  });

  test('a code that was under way at the logout is dead', async () => {
    const browser = new Browser();
    const visit = await app.visit(browser);
    await press(browser, await browser.open(`${world.issuer}/logout`), world, yes);
    await expect(app.redeem(visit)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  test('a browser whose login was under way at its logout can log in again', async () => {
    const browser = new Browser();
    await app.login(browser);
    const page = await browser.open(`${world.issuer}/logout`);
    const jar = new Map(browser.jar);
    using database = new DatabaseSync(join(world.directory, 'state', 'tsidp.db'));
    const sessions = database.prepare(
      'SELECT digest, uid_digest, payload, expires_at, redeemed_expires_at FROM sessions',
    );
    const before = sessions.all();
    await press(browser, page, world, yes);
    // the login reads the session before the logout and writes it afterwards
    const put = database.prepare('INSERT OR IGNORE INTO sessions VALUES (NULL, ?, ?, ?, ?, ?)');
    for (const row of before) put.run(...Object.values(row));
    for (const [name, cookie] of jar) browser.jar.set(name, cookie);

    const { answer } = await app.visit(browser, { prompt: 'none' });
    expect(parameters(answer)['error']).toBe('login_required');
    await expectTokens(await app.login(browser), true);
  });
});
