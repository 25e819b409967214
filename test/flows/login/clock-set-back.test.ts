import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { basic } from '../../world/app.ts';
import type { Answer } from '../../world/browser.ts';
import {
  attempt,
  call,
  codeFor,
  failure,
  isActive,
  json,
  login,
  redeem,
  refresh,
  tokensOf,
  userinfo,
} from '../../world/login.ts';
import { until } from '../../world/until.ts';
import { clients, startWorld, type World } from '../../world/world.ts';
import {
  claimsFor,
  ecKeys,
  jwksOf,
  present,
  signed,
  verdictOf,
} from '../client-authentication/assertion-app.ts';
import { ask, decide, deviceClients, poll } from '../device/device.ts';

const signer = ecKeys();
let world: World;

beforeAll(async () => {
  const [shell] = deviceClients;
  const signing = {
    id: 'signer',
    redirectUris: ['https://signer.test/cb'],
    jwks: jwksOf(signer),
  };
  world = await startWorld({
    clients: [...clients, shell, signing],
    lifetimes: { devicePollSeconds: 1 },
  });
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

/** Somebody sets the clock: daemon and test share it. */
const pass = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000);
const setBack = () => pass(-600);

describe('T42 a clock that is set back ten minutes', () => {
  test('gives a rotated refresh token no grace: that is a replay', async () => {
    const first = await login(world.browser(), world.issuer);
    const second = tokensOf(await refresh(world.issuer, first.refreshToken));
    setBack();
    expect(failure(await refresh(world.issuer, first.refreshToken))).toBe('400 invalid_grant');
    expect(failure(await refresh(world.issuer, second.refreshToken))).toBe('400 invalid_grant');
  });

  test('leaves a refresh token that was not used as it is, for no longer than from now on', async () => {
    const { refreshToken } = await login(world.browser(), world.issuer);
    setBack();
    const next = tokensOf(await refresh(world.issuer, refreshToken));
    expect((await userinfo(world.issuer, next.accessToken)).status).toBe(200);
  });

  test('makes a step that clocks usually make no replay', async () => {
    const first = await login(world.browser(), world.issuer);
    tokensOf(await refresh(world.issuer, first.refreshToken));
    pass(-2);
    expect(failure(await refresh(world.issuer, first.refreshToken))).toBe('200');
  });

  test('makes no code young', async () => {
    const code = await codeFor(world.browser(), world.issuer);
    setBack();
    const answer = await redeem(world.issuer, code);
    expect(failure(answer)).toBe('400 invalid_grant');
    expect(json(answer)['error_description']).toMatch(/expired/);
  });

  test('forgets no code that was used: its replay still ends what it gave', async () => {
    const code = await codeFor(world.browser(), world.issuer);
    const tokens = tokensOf(await redeem(world.issuer, code));
    setBack();
    expect(failure(await redeem(world.issuer, code))).toBe('400 invalid_grant');
    expect(failure(await refresh(world.issuer, tokens.refreshToken))).toBe('400 invalid_grant');
  });

  test('makes no access token young', async () => {
    const { accessToken } = await login(world.browser(), world.issuer);
    expect(await isActive(world.issuer, accessToken)).toBe(true);
    setBack();
    expect(await isActive(world.issuer, accessToken)).toBe(false);
    expect((await userinfo(world.issuer, accessToken)).status).toBe(401);
  });

  test('makes no device code young, for who asks or who allows', async () => {
    const asked = await ask(world);
    const allowed = await ask(world);
    await decide(world.browser(), world, allowed.user_code);
    setBack();
    expect(failure(await poll(world, allowed.device_code))).toBe('400 expired_token');
    const page = await decide(world.browser(), world, asked.user_code);
    expect(page.body).not.toContain('is allowed');
    expect(failure(await poll(world, asked.device_code))).toBe('400 expired_token');
  });

  test('makes nobody poll too soon', async () => {
    const { device_code: code } = await ask(world);
    expect(failure(await poll(world, code))).toBe('400 authorization_pending');
    expect(failure(await poll(world, code))).toBe('400 slow_down');
    setBack();
    const later = await ask(world);
    expect(failure(await poll(world, later.device_code))).toBe('400 authorization_pending');
  });

  test('makes no pushed request young', async () => {
    const { parameters } = attempt(world.issuer, 'grafana');
    const pushed = json(await call(world.issuer, '/request', 'grafana', parameters));
    const query = new URLSearchParams({
      client_id: 'grafana',
      request_uri: String(pushed['request_uri']),
    });
    const open = () => world.browser().open(`${world.issuer}/authorize?${query}`);
    setBack();
    const refused = await open();
    expect([refused.status, refused.location]).toEqual([400, undefined]);
    pass(600);
    expect((await open()).location?.searchParams.get('code')).toBeTruthy();
  });

  test('makes no page under way young', async () => {
    const browser = world.browser();
    const asked = await browser.open(attempt(world.issuer, 'careful').url);
    const page = await browser.follow(asked.location ?? '');
    expect(page.body).toContain('<form');
    setBack();
    expect((await browser.open(asked.location ?? '')).status).toBe(410);
  });

  test('makes no login younger than max_age: the person is asked', async () => {
    const browser = world.browser();
    await login(browser, world.issuer);
    const visit = (): Promise<Answer> =>
      browser.open(attempt(world.issuer, 'grafana', { max_age: '60' }).url);
    expect((await visit()).location?.searchParams.get('code')).toBeTruthy();
    setBack();
    expect((await visit()).location?.pathname).toMatch(/^\/interaction\//);
    const silent = attempt(world.issuer, 'grafana', { max_age: '60', prompt: 'none' });
    const error = (await browser.open(silent.url)).location?.searchParams.get('error');
    expect(error).toBe('login_required');
  });

  test('makes no answer about a device live longer', async () => {
    const bob = world.browser('127.0.0.2');
    const { accessToken } = await login(bob, world.issuer);
    expect((await userinfo(world.issuer, accessToken)).status).toBe(200);
    pass(-1);
    world.simulator.setNode('bob', { expired: true });
    setBack();
    const isKnown = async () => {
      const { location } = await bob.open(attempt(world.issuer, 'grafana').url);
      return location?.searchParams.has('code') === true;
    };
    await until('tailscaled is asked again', async () => !(await isKnown()), 2000);
    world.simulator.setNode('bob', { expired: false });
  });

  test('takes no assertion of the time before, though its client’s clock is right', async () => {
    const assertion = await signed(claimsFor(world, 'signer'), signer, 'ES256');
    const used = await signed(claimsFor(world, 'signer'), signer, 'ES256');
    expect(verdictOf(await present(world, used))).toBe('invalid_grant');
    setBack();
    for (const one of [assertion, used]) {
      expect(verdictOf(await present(world, one))).toContain('invalid_client');
    }
  });
});

describe('T42 a DPoP proof', () => {
  const proofAt = async (seconds: number): Promise<string> => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    return new SignJWT({ htm: 'POST', htu: `${world.issuer}/token`, jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(publicKey) })
      .setIssuedAt(Math.floor(Date.now() / 1000) + seconds)
      .sign(privateKey);
  };
  const show = async (proof: string): Promise<string> => {
    const { code, attempt: begun } = await codeFor(world.browser(), world.issuer);
    const form = {
      grant_type: 'authorization_code',
      code,
      code_verifier: begun.verifier,
      redirect_uri: begun.parameters['redirect_uri'] ?? '',
    };
    const headers = { ...basic('grafana'), dpop: proof };
    return failure(
      await world.browser('127.0.0.9').open(`${world.issuer}/token`, { form, headers }),
    );
  };

  test.each([
    [0, '200'],
    [-290, '200'],
    [25, '200'],
    [31, '400 invalid_dpop_proof'],
    [290, '400 invalid_dpop_proof'],
    [-310, '400 invalid_dpop_proof'],
  ])('made %i s from now: %s', async (seconds, outcome) => {
    expect(await show(await proofAt(seconds))).toBe(outcome);
  });

  test('of a clock that is ahead is used once, for as long as it is young', async () => {
    const proof = await proofAt(25);
    expect(await show(proof)).toBe('200');
    pass(310);
    expect(await show(proof)).not.toBe('200');
  });

  test('is used once after the clock was set back, too', async () => {
    const proof = await proofAt(-20);
    expect(await show(proof)).toBe('200');
    pass(-15);
    expect(await show(proof)).not.toBe('200');
  });
});
