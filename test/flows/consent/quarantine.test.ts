import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { press } from '../../world/app.ts';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { failure, json, tokensOf, userinfo } from '../../world/login.ts';
import { confidentialClient, manage, type Registered, registered } from '../../world/register.ts';
import { all, configuration, introspect, mcp } from '../../world/resource-world.ts';
import { inStore } from '../../world/strangers-world.ts';
import { startWorld, type World } from '../../world/world.ts';
import { begin, callAs, refreshWith } from '../registration/registered-login.ts';
import { allowedLogin, redeemAs } from './allowed-login.ts';

let world: World;
let client: Registered;
beforeEach(async () => {
  world = await startWorld({ ...configuration, registration: { mode: 'tailnet' } });
  allowInPolicy(world.simulator, [...all]);
  client = await registered(world.issuer, confidentialClient);
});
afterEach(() => world[Symbol.asyncDispose]());

const named = { resource: mcp, scope: 'openid read_file offline_access' };

/** Beside the daemon, as the command does it. */
const quarantine = (): Promise<void> =>
  inStore(world, async ({ clients }) => {
    const stored = await clients.find(client.client_id);
    if (!stored) throw new Error('the client is gone');
    await clients.save({ ...stored, options: { quarantined: true } });
  });

describe('T15 a client that is quarantined', () => {
  test('gets nothing for what it has: code, refresh token, access tokens', async () => {
    const opaque = tokensOf(
      await redeemAs(world, client, await allowedLogin(world, client, { scope: 'openid' })),
    );
    const jwt = tokensOf(await redeemAs(world, client, await allowedLogin(world, client, named)));
    const unused = await allowedLogin(world, client, named);
    expect(unused.code).not.toBe('');
    await quarantine();

    expect(failure(await redeemAs(world, client, unused))).toBe('400 invalid_grant');
    expect(failure(await refreshWith(world, client, jwt.refreshToken))).toBe('400 invalid_grant');
    expect((await userinfo(world.issuer, opaque.accessToken)).status).toBe(401);
    for (const { accessToken: token } of [opaque, jwt]) {
      expect(json(await callAs(world, client, '/introspect', { token }))).toEqual({
        active: false,
      });
    }
    expect(await introspect(world, jwt.accessToken)).toEqual({ active: false });
  });

  test('is entered by nobody, whatever the prompt and however the request came', async () => {
    const pushed = async () => {
      const form = Object.fromEntries(new URL(begin(world, client).url).searchParams);
      const { request_uri: uri } = json(await callAs(world, client, '/request', form));
      return `${world.issuer}/authorize?client_id=${client.client_id}&request_uri=${uri}`;
    };
    const before = await pushed();
    await quarantine();
    const { url } = begin(world, client);
    for (const link of [url, `${url}&prompt=none`, `${url}&prompt=login`, before, await pushed()]) {
      const answer = await new Browser().follow(link);
      expect([answer.status, answer.location]).toEqual([403, undefined]);
      expect(answer.body).toContain('waits for an administrator');
      expect(answer.body).not.toContain('https://agent.test');
    }
    const denials = auditLog(world.directory).filter(({ event }) => event === 'denial');
    expect(denials).toHaveLength(5);
  });

  test('while its page is open: Allow gives nothing, and is not remembered', async () => {
    const browser = new Browser();
    const page = await browser.follow(begin(world, client).url);
    await quarantine();
    const answer = await press(browser, page, world, { action: 'allow' });
    expect([answer.status, answer.location?.searchParams.get('code') ?? null]).toEqual([403, null]);
    expect(await inStore(world, ({ consents }) => consents.list({}))).toEqual([]);
  });
});

describe('T08 a client that changes while its page is open', () => {
  test('is not sent the person to a redirect URI that it has no more', async () => {
    const browser = new Browser();
    const page = await browser.follow(begin(world, client).url);
    const { client_id } = client;
    const changed = { ...confidentialClient, client_id, redirect_uris: ['https://moved.test/cb'] };
    expect((await manage(client, 'PUT', changed)).status).toBe(200);
    for (const action of ['allow', 'deny']) {
      const answer = await press(browser, page, world, { action });
      expect([answer.status, answer.location]).toEqual([410, undefined]);
    }
    expect(await inStore(world, ({ consents }) => consents.list({}))).toEqual([]);
  });
});
