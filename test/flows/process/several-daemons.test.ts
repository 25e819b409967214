import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cookieNames } from '../../../src/engine/cookie-names.ts';
import { Browser } from '../../world/browser.ts';
import { openSite, type Site } from '../../world/daemon-process.ts';
import { attempt, codeFor, login, subjectOfCode, userinfo } from '../../world/login.ts';
import { startWorld, type World } from '../../world/world.ts';

/**
 * Several daemons on one host, told apart by port alone. Browsers send each the cookies of the other (RFC 6265 8.5);
 * our `Browser` has one jar for one host, too.
 */
let first: World;
let second: World;
beforeAll(async () => {
  [first, second] = await Promise.all([startWorld(), startWorld()]);
});
afterAll(async () => {
  await first?.[Symbol.asyncDispose]();
  await second?.[Symbol.asyncDispose]();
});

describe('two issuers on one host', () => {
  it('log people in by turns, each by its own name', async () => {
    const browser = new Browser();
    for (const { issuer } of [first, second, first, second, first]) {
      const { claims } = await login(browser, issuer);
      expect(claims).toMatchObject({ iss: issuer, sub: 'userid:1' });
    }
    const sessions = [first, second].map(({ issuer }) => cookieNames(issuer).session);
    expect([...browser.jar.keys()]).toEqual(expect.arrayContaining(sessions));
  });

  it('keep their sessions apart', async () => {
    const browser = new Browser();
    await login(browser, first.issuer);
    const silent = (issuer: string) =>
      browser.open(attempt(issuer, 'grafana', { prompt: 'none' }).url);
    const unknown = await silent(second.issuer);
    expect(unknown.location?.searchParams.get('error')).toBe('login_required');
    await login(browser, second.issuer);
    for (const { issuer } of [first, second]) {
      expect((await silent(issuer)).location?.searchParams.has('code')).toBe(true);
    }
  });

  it('T32 make nothing of a session of the other, even under their own name', async () => {
    const browser = new Browser();
    await login(browser, first.issuer);
    const stolen = browser.jar.get(cookieNames(first.issuer).session);
    const forged = new Browser('127.0.0.2');
    if (stolen) forged.jar.set(cookieNames(second.issuer).session, stolen);
    const silent = attempt(second.issuer, 'grafana', { prompt: 'none' });
    const refused = await forged.open(silent.url);
    expect(refused.location?.searchParams.get('error')).toBe('login_required');
    expect((await login(forged, second.issuer)).claims['sub']).toBe('userid:2');
  });

  it('T32 take nobody for somebody else by a cookie of the other', async () => {
    const alice = new Browser('127.0.0.1');
    await login(alice, first.issuer);
    const bob = new Browser('127.0.0.2');
    for (const [name, cookie] of alice.jar) bob.jar.set(name, cookie);
    for (const { issuer } of [second, first, second]) {
      const code = await codeFor(bob, issuer);
      expect(await subjectOfCode(issuer, code)).toBe('userid:2');
    }
  });

  it('a page that waits survives a login at the other, and is the same person’s', async () => {
    const browser = new Browser();
    const begun = attempt(first.issuer, 'careful');
    const page = (await browser.open(begun.url)).location;
    await login(browser, second.issuer);

    const pressed = await browser.open(page ?? '', { form: { action: 'continue' } });
    const answer = await browser.open(pressed.location ?? '');
    const code = answer.location?.searchParams.get('code') ?? '';
    expect(await subjectOfCode(first.issuer, { code, attempt: begun })).toBe('userid:1');
  });

  it('two pages may wait at once', async () => {
    const browser = new Browser();
    const begun = [first, second].map(({ issuer }) => ({
      issuer,
      attempt: attempt(issuer, 'careful'),
    }));
    const pages: (URL | undefined)[] = [];
    for (const one of begun) pages.push((await browser.open(one.attempt.url)).location);
    for (const [index, { issuer, attempt: own }] of begun.entries()) {
      const pressed = await browser.open(pages[index] ?? '', { form: { action: 'continue' } });
      const answer = await browser.open(pressed.location ?? '');
      const code = answer.location?.searchParams.get('code') ?? '';
      expect(await subjectOfCode(issuer, { code, attempt: own })).toBe('userid:1');
    }
  });

  it('take no code and no token of the other', async () => {
    const code = await codeFor(new Browser(), first.issuer);
    await expect(subjectOfCode(second.issuer, code)).rejects.toThrow(/invalid_grant/u);
    const { accessToken } = await login(new Browser(), first.issuer);
    expect((await userinfo(first.issuer, accessToken)).status).toBe(200);
    expect((await userinfo(second.issuer, accessToken)).status).toBe(401);
  });

  it('a logout at one leaves the other’s session as it is', async () => {
    const browser = new Browser();
    await login(browser, first.issuer);
    await login(browser, second.issuer);
    const page = await browser.open(`${second.issuer}/logout`);
    const xsrf = /name="xsrf" value="([^"]+)"/u.exec(page.body)?.[1] ?? '';
    await browser.open(`${second.issuer}/logout/confirm`, { form: { xsrf, logout: 'yes' } });
    const silent = async (issuer: string) =>
      (await browser.open(attempt(issuer, 'grafana', { prompt: 'none' }).url)).location
        ?.searchParams;
    expect((await silent(second.issuer))?.get('error')).toBe('login_required');
    expect((await silent(first.issuer))?.has('code')).toBe(true);
  });
});

describe('two daemons as processes of their own', () => {
  let one: Site;
  let other: Site;
  beforeAll(async () => {
    [one, other] = await Promise.all([openSite(), openSite()]);
  });
  afterAll(async () => {
    await one?.[Symbol.asyncDispose]();
    await other?.[Symbol.asyncDispose]();
  });

  it('run beside each other; on one state directory the lock keeps the second out', async () => {
    await Promise.all([one.start(), other.start()]);
    const browser = new Browser();
    for (const { issuer } of [one, other, one]) {
      expect((await login(browser, issuer)).claims).toMatchObject({ iss: issuer, sub: 'userid:1' });
    }

    const third = await one.startInVain(Number(new URL(other.issuer).port) + 1);
    expect(third.code).toBe(1);
    expect(third.err).toMatch(/another|already|in use/u);
    expect(third.err).toContain(one.stateDirectory);
    expect((await login(browser, one.issuer)).claims['sub']).toBe('userid:1');
  });
});
