import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import {
  ask,
  bobs,
  claude,
  grant,
  inStore,
  local,
  mcp,
  outcome,
  press,
  register,
  startStrangers,
} from '../../world/strangers-world.ts';
import type { World } from '../../world/world.ts';

let world: World;

beforeEach(async () => {
  world = await startStrangers();
});
afterEach(() => world[Symbol.asyncDispose]());

/** Where the page's own link leads. */
const linkOn = (body: string): URL | undefined => {
  const href = /<a class="button" rel="noreferrer" href="([^"]+)">/u.exec(body)?.[1];
  return href === undefined ? undefined : new URL(href.replaceAll('&amp;', '&'));
};

const errors: readonly (readonly [string, Record<string, string>])[] = [
  ['invalid_target', { resource: 'https://nowhere.test/' }],
  ['invalid_request', { code_challenge: '', code_challenge_method: '' }],
  ['unsupported_response_type', { response_type: 'nonsense' }],
  ['invalid_request', { max_age: 'x' }],
  ['login_required', { prompt: 'none' }],
  ['request_not_supported', { request: 'eyJhbGciOiJub25lIn0.e30.' }],
];

describe('T17: an error of a client that came by itself (RFC 9700 4.11)', () => {
  test.each(errors)(
    '%s stays on a page, from which the person may go on: %o',
    async (code, more) => {
      const { answer } = await ask(world, { ...more, state: 'mine' });
      expect(answer.location).toBeUndefined();
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.body).toContain('https://claude.test');
      const link = linkOn(answer.body);
      expect(link?.href.startsWith(`${claude}?`)).toBe(true);
      const { error, state, iss } = Object.fromEntries(link?.searchParams ?? []);
      expect({ error, state, iss }).toEqual({ error: code, state: 'mine', iss: world.issuer });
    },
  );

  test('a denial is told to the person alone, and recorded once', async () => {
    grant(world, []);
    const { answer } = await ask(world, { scope: 'read_file' }, new Browser(bobs));
    expect(answer.status).toBe(403);
    expect(answer.location).toBeUndefined();
    expect(answer.body).toContain('bob@example.com');
    expect(answer.body).toContain('What would change it');
    expect(linkOn(answer.body)?.searchParams.get('error')).toBe('access_denied');
    expect(auditLog(world.directory).filter(({ event }) => event === 'denial')).toMatchObject([
      { subject: 'userid:2', reason: expect.stringContaining('no grant') },
    ]);
  });

  test.each(['127.0.0.3', '127.0.0.4', '127.0.0.5'])(
    'who is nobody here (%s) stays',
    async (address) => {
      for (const prompt of ['', 'none']) {
        const { answer } = await ask(world, { prompt }, new Browser(address));
        expect([answer.status, answer.location]).toEqual([403, undefined]);
      }
    },
  );

  test.each(['form_post', 'fragment'])('response_mode=%s sends nobody on either', async (mode) => {
    const { answer } = await ask(world, { prompt: 'none', response_mode: mode });
    expect([answer.status, answer.location]).toEqual([400, undefined]);
    expect(answer.body).not.toContain('<form');
    expect(answer.headers['content-security-policy']).toContain("form-action 'self';");
    const link = linkOn(answer.body);
    if (mode === 'form_post') expect(link).toBeUndefined();
    else expect(link?.hash).toContain('error=login_required');
  });

  test('T31: tailscaled away is a 503 of ours, with prompt=none too', async () => {
    await world.simulator.stop();
    for (const prompt of ['', 'none']) {
      const { answer } = await ask(world, { prompt });
      expect([answer.status, answer.location]).toEqual([503, undefined]);
    }
  });
});

describe('who is sent on with an error', () => {
  const none = { resource: 'https://nowhere.test/' };
  const error = async (more: Record<string, string> = {}, address?: string) =>
    outcome(await ask(world, { ...none, ...more }, new Browser(address)))['error'];

  test('whoever allowed this client something at this host, and nobody else', async () => {
    const asked = await ask(world, { scope: 'openid', resource: '' });
    expect(outcome(await press(world, asked))).toHaveProperty('code');
    expect(await error()).toBe('invalid_target');
    expect(await error({}, bobs)).toBeUndefined();
    expect(await error({ redirect_uri: 'https://other.test/callback' })).toBeUndefined();
  });

  test('who comes from their own computer, where the answer goes', async () => {
    expect(await error({ redirect_uri: local })).toBe('invalid_target');
  });

  test('who enters a client that an operator entered or approved', async () => {
    await register(world, 'entered', {}, 'admin');
    await register(world, 'approved', {}, 'dynamic', { approved: true });
    expect(await error({ client_id: 'entered' })).toBe('invalid_target');
    expect(await error({ client_id: 'approved' })).toBe('invalid_target');
  });

  test('T08: nobody, where the redirect URI is not registered', async () => {
    for (const clientId of ['stranger', 'spa']) {
      const { answer } = await ask(world, {
        ...none,
        client_id: clientId,
        redirect_uri: 'https://evil.test/',
      });
      expect([answer.status, answer.location, linkOn(answer.body)]).toEqual([
        400,
        undefined,
        undefined,
      ]);
    }
  });

  test('a link that would be cut is left out', async () => {
    const { answer } = await ask(world, {
      ...none,
      resource: mcp,
      prompt: 'none',
      state: 'x'.repeat(5000),
    });
    expect([answer.status, answer.location, linkOn(answer.body)]).toEqual([
      400,
      undefined,
      undefined,
    ]);
  });
});

describe('T09 T17: the way back from a logout', () => {
  const after = 'https://claude.test/bye';
  const leave = async (clientId: string, address?: string, meanwhile?: () => Promise<unknown>) => {
    const browser = new Browser(address);
    const query = new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: after });
    // nobody is logged in: the page sends itself, by oidc-provider's script
    const page = await browser.open(`${world.issuer}/logout?${query}`);
    const xsrf = /name="xsrf" value="([^"]+)"/u.exec(page.body)?.[1] ?? '';
    await meanwhile?.();
    const answer = await browser.open(`${world.issuer}/logout/confirm`, {
      form: { xsrf, logout: 'yes' },
      headers: { origin: world.issuer },
    });
    return answer.location?.href;
  };
  const here = () => `${world.issuer}/logout/success`;

  test('leads to a client that came by itself for whoever allowed it something there', async () => {
    await register(world, 'stranger', { post_logout_redirect_uris: [after] });
    expect(await leave('stranger')).toBe(here());
    await press(world, await ask(world));
    expect(await leave('stranger')).toBe(after);
    expect(await leave('stranger', bobs)).toBe(here());
    expect(await leave('stranger', '127.0.0.5')).toBe(here());
  });

  test('leads to one that an operator entered or approved', async () => {
    const metadata = { post_logout_redirect_uris: [after] };
    await register(world, 'entered', metadata, 'admin');
    await register(world, 'approved', metadata, 'dynamic', { approved: true });
    for (const id of ['entered', 'approved']) expect(await leave(id)).toBe(after);
  });

  test.each(['dynamic', 'admin'] as const)(
    'leads nowhere that is no longer registered: %s',
    async (source) => {
      const put = (uris: readonly string[]) =>
        register(world, 'leaving', { post_logout_redirect_uris: uris }, source);
      const remove = () => inStore(world, ({ clients }) => clients.remove('leaving'));
      const others = () => put([`${after}/`, `${after}?x`]);
      for (const meanwhile of [remove, others]) {
        await put([after]);
        expect(await leave('leaving', undefined, meanwhile)).toBe(here());
      }
    },
  );
});
