import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import {
  ask,
  claude,
  grant,
  inStore,
  mcp,
  outcome,
  press,
  redeem,
  register,
  startStrangers,
} from '../../world/strangers-world.ts';
import type { World } from '../../world/world.ts';

let world: World;

beforeEach(async () => {
  world = await startStrangers();
});
afterEach(async () => {
  vi.useRealTimers();
  await world[Symbol.asyncDispose]();
});

/** Daemon and test share the process: the clock alone is moved, sockets and timers stay real. */
function later(seconds: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(now + seconds * 1000);
}

async function allow(more: Record<string, string> = {}, browser = new Browser()) {
  const asked = await ask(world, more, browser);
  expect(asked.isPage, asked.answer.body).toBe(true);
  return press(world, asked);
}

const isAsked = async (more: Record<string, string> = {}, address?: string) =>
  (await ask(world, more, new Browser(address))).isPage;

const consentRecords = () => auditLog(world.directory).filter(({ event }) => event === 'consent');

describe('what a client that registered itself may get', () => {
  test('is said on a page, once', async () => {
    const asked = await ask(world, { scope: 'openid email groups read_file run_code nonsense' });
    const { body } = asked.answer;
    for (const told of [
      'alice@example.com',
      'Claude',
      'claude.test',
      'Files',
      mcp,
      'Read your files',
      'Run code as you',
      'your e-mail address',
      'the groups you belong to',
      '21 September 2026',
    ]) {
      expect(body).toContain(told);
    }
    expect(body).not.toContain('nonsense');
    expect(body).not.toContain('your name, username and picture');
    expect(body).not.toMatch(/<(?:img|script|link|iframe)\b/u);

    const allowed = await press(world, asked);
    expect(allowed.answer.location?.href.startsWith(`${claude}?`)).toBe(true);
    expect(outcome(allowed)).toMatchObject({
      iss: world.issuer,
      state: asked.parameters['state'],
    });
    const tokens = await redeem(world, allowed);
    expect(tokens.scope).toEqual(['email', 'groups', 'openid', 'read_file', 'run_code']);
    expect(tokens.claims).toMatchObject({ sub: 'userid:1', email: 'alice@example.com' });
    expect(tokens.claims).not.toHaveProperty('name');

    const again = await ask(world, { scope: 'openid email groups read_file run_code' });
    expect(outcome(again)).toHaveProperty('code');
    expect(consentRecords()).toEqual([
      {
        event: 'consent',
        subject: 'userid:1',
        client: 'stranger',
        reason: 'allowed',
        detail: { redirectHost: 'https://claude.test', resources: [mcp] },
      },
    ]);
  });

  test('Deny is access_denied, and nothing is remembered', async () => {
    const denied = await press(world, await ask(world, { state: 'mine' }), 'deny');
    expect(denied.answer.location?.href.startsWith(`${claude}?`)).toBe(true);
    expect(outcome(denied)).toEqual({
      error: 'access_denied',
      error_description: 'the person did not allow what the app asked for',
      state: 'mine',
      iss: world.issuer,
    });
    expect(await isAsked()).toBe(true);
    expect(await inStore(world, ({ consents }) => consents.list({}))).toEqual([]);
    expect(consentRecords()).toMatchObject([{ subject: 'userid:1', reason: 'denied' }]);
    // one decision, one record
    expect(auditLog(world.directory).filter(({ event }) => event === 'denial')).toEqual([]);
  });

  test('less needs no page, more shows it again, and then both are remembered', async () => {
    await allow({ scope: 'openid email read_file' });
    expect(await isAsked({ scope: 'openid read_file' })).toBe(false);
    expect(await isAsked({ scope: 'openid', resource: '' })).toBe(false);
    expect(await isAsked({ scope: 'openid run_code' })).toBe(true);
    expect(await isAsked({ scope: 'openid profile', resource: '' })).toBe(true);
    const wider = await allow({ scope: 'openid run_code' });
    expect((await redeem(world, wider)).scope).toEqual(['openid', 'run_code']);
    const both = await ask(world, { scope: 'openid email read_file run_code' });
    expect((await redeem(world, both)).scope).toEqual(['email', 'openid', 'read_file', 'run_code']);
  });

  test('is remembered over a restart, for its time', async () => {
    await allow();
    await world.restart();
    expect(await isAsked()).toBe(false);
    later(364 * 86_400);
    expect(await isAsked()).toBe(false);
    vi.useRealTimers();
    later(365 * 86_400);
    expect(await isAsked()).toBe(true);
  });

  test('a request without scopes shows those that it gets', async () => {
    const asked = await ask(world, { scope: '' });
    expect(asked.answer.body).toContain('Run code as you');
    expect(asked.answer.body).not.toContain('What it learns');
    const tokens = await redeem(world, await press(world, asked));
    expect(tokens.scope).toEqual(['read_file', 'run_code']);
    expect(await isAsked({ scope: '' })).toBe(false);
    expect(await isAsked({ scope: 'openid' })).toBe(true);
  });

  test('T17: the claims parameter gets nothing that the page did not show', async () => {
    const claims = JSON.stringify({
      id_token: { email: null, name: { essential: true }, auth_time: { essential: true } },
    });
    const allowed = await allow({ scope: 'openid', resource: '', claims });
    const tokens = await redeem(world, allowed);
    expect(tokens.claims).toHaveProperty('auth_time');
    expect(tokens.claims).not.toHaveProperty('email');
    expect(tokens.claims).not.toHaveProperty('name');
    const shown = await allow({ scope: 'openid email', resource: '', claims });
    expect((await redeem(world, shown)).claims).toHaveProperty('email');
  });

  test('policy that takes while the page is open takes', async () => {
    const asked = await ask(world, { scope: 'openid read_file run_code' });
    expect(asked.answer.body).toContain('Run code as you');
    grant(world, ['read_file']);
    const { scope } = await redeem(world, await press(world, asked));
    expect(scope).toEqual(['openid', 'read_file']);
    grant(world, ['read_file', 'run_code']);
    expect(await isAsked({ scope: 'openid read_file run_code' })).toBe(true);
  });

  test('T17: policy that gives while the page is open gives only what was shown', async () => {
    grant(world, ['read_file']);
    const asked = await ask(world, { scope: 'openid read_file run_code' });
    expect(asked.answer.body).not.toContain('Run code as you');
    grant(world, ['read_file', 'run_code']);
    const { scope } = await redeem(world, await press(world, asked));
    expect(scope).toEqual(['openid', 'read_file']);
    expect(await isAsked({ scope: 'openid read_file run_code' })).toBe(true);
  });
});

describe('prompts', () => {
  test('prompt=consent shows the page, each time', async () => {
    await allow();
    for (let time = 0; time < 2; time += 1) {
      expect(outcome(await allow({ prompt: 'consent' }))).toHaveProperty('code');
    }
  });

  test.each(['login', 'select_account', 'login consent'])(
    'prompt=%s is one page, which asks for consent, at a first login and later',
    async (prompt) => {
      const browser = new Browser();
      for (let time = 0; time < 2; time += 1) {
        const allowed = await allow({ prompt }, browser);
        expect((await redeem(world, allowed)).claims['sub']).toBe('userid:1');
      }
    },
  );

  test('prompt=none is consent_required until it was given', async () => {
    const browser = new Browser();
    await ask(world, { prompt: '' }, browser);
    const before = await ask(world, { prompt: 'none' }, browser);
    // nobody is sent anywhere for the sake of a client that they never looked at
    expect([before.answer.status, before.answer.location]).toEqual([400, undefined]);
    expect(before.answer.body).toContain('<code>consent_required</code>');
    await allow({}, browser);
    expect(outcome(await ask(world, { prompt: 'none' }, browser))).toHaveProperty('code');
    const wider = await ask(world, { prompt: 'none', scope: 'openid run_code' }, browser);
    expect(outcome(wider)['error']).toBe('consent_required');
  });

  test('where every login is to be confirmed, every login shows the one page', async () => {
    await register(world, 'stranger', {}, 'dynamic', { login: 'confirm' });
    for (let time = 0; time < 2; time += 1) {
      expect(outcome(await allow())).toHaveProperty('code');
    }
  });
});
