import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { cookieNames } from '../../../src/engine/cookie-names.ts';
import { auditLog } from '../../world/audit-log.ts';
import type { Answer, Browser } from '../../world/browser.ts';
import {
  type Attempt,
  attempt,
  codeFor,
  login,
  redeem,
  tokensOf,
  userinfo,
} from '../../world/login.ts';
import { startWorld, type World } from '../../world/world.ts';

const alice = 'userid:1';
const bob = 'userid:2';

/** The code in an answer, wherever `response_mode` put it. */
function codeIn({ location, body }: Answer): string | undefined {
  const fragment = new URLSearchParams(location?.hash.slice(1));
  const posted = /name="code" value="([^"]+)"/.exec(body)?.[1];
  return location?.searchParams.get('code') ?? fragment.get('code') ?? posted;
}

const xsrfOf = ({ body }: Answer): string => /name="xsrf" value="([^"]+)"/u.exec(body)?.[1] ?? '';

/** Goes where the answer leads on our own host, pressing the button of every page. */
async function pressOn(browser: Browser, first: Answer, origin: string): Promise<Answer> {
  let answer = first;
  for (let hops = 0; hops < 8; hops += 1) {
    if (answer.location?.origin !== origin) return answer;
    const page = answer.location;
    answer = await browser.open(page);
    if (page.pathname.startsWith('/interaction/') && answer.status === 200) {
      answer = await browser.open(page, { form: { action: 'continue' } });
    }
  }
  throw new Error('pages without end');
}

describe('T32 a session in a browser of somebody else', () => {
  let world: World;
  let alices: Browser;
  let bobs: Browser;

  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    alices = world.browser();
    await login(alices, world.issuer);
    bobs = world.browser('127.0.0.2');
    copyJar();
    // so that a new login would show in `auth_time`
    vi.setSystemTime(Date.now() + 5000);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const copyJar = () => {
    for (const [name, cookie] of alices.jar) bobs.jar.set(name, cookie);
  };
  const send = (browser: Browser, { url, parameters }: Attempt, method: string) =>
    method === 'GET'
      ? browser.open(url)
      : browser.open(new URL('/authorize', url), { form: parameters });
  const subjectOf = async (answer: Answer, begun: Attempt) => {
    const code = codeIn(answer);
    if (code === undefined) return undefined;
    return tokensOf(await redeem(world.issuer, { code, attempt: begun })).claims['sub'];
  };
  /** `auth_time` of the session that this browser has, without touching it. */
  const authTime = async (browser: Browser) => {
    const silent = { prompt: 'none', max_age: '100000' };
    return (await login(browser, world.issuer, 'grafana', silent)).claims['auth_time'];
  };

  const prompts = ['', 'none', 'login', 'consent', 'select_account', 'login consent'];
  const modes = ['', 'query', 'fragment', 'form_post'];
  const table = prompts.flatMap((prompt) =>
    ['GET', 'POST'].flatMap((method) => modes.map((mode) => ({ prompt, method, mode }))),
  );

  it.each(table)('is his own: prompt "$prompt", $method, response mode "$mode"', async (row) => {
    const before = await authTime(alices);
    copyJar();
    const begun = attempt(world.issuer, 'grafana', {
      prompt: row.prompt,
      response_mode: row.mode,
    });

    const first = await send(bobs, begun, row.method);
    const answer = await pressOn(bobs, first, world.issuer);

    const subject = await subjectOf(answer, begun);
    expect(subject).toBe(row.prompt === 'none' ? undefined : bob);
    expect(bobs.jar.get(cookieNames(world.issuer).session)?.value).not.toBe(
      alices.jar.get(cookieNames(world.issuer).session)?.value,
    );
    expect(await authTime(alices)).toBe(before);
  });

  it('is his own in public, confirmed and ES256 apps as well', async () => {
    for (const clientId of ['spa', 'careful', 'es256', 'native']) {
      copyJar();
      const begun = attempt(world.issuer, clientId);
      const answer = await pressOn(bobs, await bobs.open(begun.url), world.issuer);
      expect(await subjectOf(answer, begun)).toBe(bob);
    }
  });

  it('is not lent by a hint at her either', async () => {
    const { idToken } = await login(alices, world.issuer);
    for (const prompt of prompts) {
      copyJar();
      const begun = attempt(world.issuer, 'grafana', { prompt, id_token_hint: idToken });
      const answer = await pressOn(bobs, await bobs.open(begun.url), world.issuer);
      expect(codeIn(answer)).toBeUndefined();
      expect(answer.location?.searchParams.get('error')).toBe('login_required');
    }
  });

  describe.each(['login', 'consent', 'select_account', 'login consent'])(
    'a page that she began with prompt=%s',
    (prompt) => {
      it.each([true, false])('logs nobody else in (she has a session: %s)', async (hasSession) => {
        if (!hasSession) alices.jar.clear();
        const begun = attempt(world.issuer, 'grafana', { prompt });
        const { location: page } = await alices.open(begun.url);
        bobs.jar.clear();
        copyJar();

        await bobs.open(page!);
        const clicked = await bobs.open(page!, { form: { action: 'continue' } });
        const answer = await pressOn(bobs, clicked, world.issuer);

        expect([undefined, bob]).toContain(await subjectOf(answer, begun));
      });

      it('logs nobody else in when he takes over after her click', async () => {
        const before = await authTime(alices);
        const begun = attempt(world.issuer, 'grafana', { prompt });
        const { location: page } = await alices.open(begun.url);
        const clicked = await alices.open(page!, { form: { action: 'continue' } });
        bobs.jar.clear();
        copyJar();

        const stolen = await bobs.open(clicked.location!);

        expect([undefined, bob]).toContain(await subjectOf(stolen, begun));
        expect(stolen.status).toBe(403);
        // neither her session nor her page is any the worse for it
        expect(await authTime(alices)).toBe(before);
        const answer = await pressOn(alices, await alices.open(clicked.location!), world.issuer);
        expect(await subjectOf(answer, begun)).toBe(alice);
      });
    },
  );

  it('gets no new life from his visit: her session ends when it would have', async () => {
    const before = await authTime(alices);
    vi.setSystemTime(Date.now() + 1000);
    await codeFor(bobs, world.issuer);
    expect(await authTime(alices)).toBe(before);
    expect(await authTime(bobs)).not.toBe(before);
  });

  it('is none that he may end: he is signed out alone, and her apps keep what they have', async () => {
    const { accessToken } = await login(alices, world.issuer);
    copyJar();
    const page = await bobs.open(`${world.issuer}/logout`);
    const form = { xsrf: xsrfOf(page), logout: 'yes' };
    const headers = { origin: world.issuer };
    const out = await bobs.open(`${world.issuer}/logout/confirm`, { form, headers });
    expect(out.location?.pathname).toBe('/logout/success');
    expect(bobs.jar.has(cookieNames(world.issuer).session)).toBe(false);

    // nor with the page that was made for her
    const hers = { xsrf: xsrfOf(await alices.open(`${world.issuer}/logout`)), logout: 'yes' };
    copyJar();
    const stolen = await bobs.open(`${world.issuer}/logout/confirm`, { form: hers, headers });
    expect([stolen.status, stolen.location]).toEqual([400, undefined]);

    expect((await userinfo(world.issuer, accessToken)).status).toBe(200);
    expect(await authTime(alices)).toBeGreaterThan(0);
    expect(auditLog(world.directory).filter(({ event }) => event === 'logout')).toEqual([]);
  });
});

describe('T32 an ID that somebody else knows', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it.each<[string, (browser: Browser) => Promise<unknown>]>([
    ['she logs in', (browser) => login(browser, world.issuer)],
    ['she opens the device page', (browser) => browser.open(`${world.issuer}/device`)],
  ])('is not the one of her session: %s', async (_, act) => {
    const name = cookieNames(world.issuer).session;
    const thief = world.browser('127.0.0.2');
    const xsrf = xsrfOf(await thief.open(`${world.issuer}/logout`));
    const [planted] = [...thief.jar.values()];
    const victim = world.browser();
    victim.jar.set(name, planted!);
    await act(victim);
    expect(victim.jar.get(name)?.value).toMatch(/^[\w-]{20,}$/u);
    expect(victim.jar.get(name)?.value).not.toBe(planted?.value);
    // nor is the secret of its forms the one that he has seen
    const forged = { form: { xsrf, logout: 'yes' }, headers: { origin: world.issuer } };
    expect((await victim.open(`${world.issuer}/logout/confirm`, forged)).status).toBe(400);
  });
});
