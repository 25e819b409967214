import { dirname } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { type Caller, type DoorName, doorsOf } from '../../world/callers.ts';
import { attempt } from '../../world/login.ts';
import type { Fields } from '../../world/send.ts';
import { clients } from '../../world/world.ts';
import { type Everywhere, listenEverywhere } from '../listeners/listener-world.ts';
import { pathOf } from '../listeners/who.ts';

const lifetimes = { refreshGraceSeconds: 1800 };
const forAlice: Fields = [['X-Forwarded-For', '100.64.0.3']];

describe('T03 a token that is repeated a minute late, by the device’s owner or a thief', () => {
  let world: Everywhere;
  let doors: ReturnType<typeof doorsOf>;
  beforeAll(async () => {
    const apps = clients.map((client) => ({ ...client, lifetimes }));
    world = await listenEverywhere({ clients: apps });
    doors = doorsOf(world);
  });
  afterAll(() => world[Symbol.asyncDispose]());
  afterEach(() => {
    vi.useRealTimers();
  });

  const token = async (door: DoorName, caller: Caller, form: object, fields: Fields = []) => {
    const credentials = {
      client_id: 'grafana',
      client_secret: 'grafana-secret-that-is-long-enough-0',
    };
    const message = { path: '/token', fields, form: { ...credentials, ...form } };
    const { status, body } = await doors[door].send(caller, message);
    return { status, tokens: JSON.parse(body) as Record<string, string> };
  };
  const refresh = (refreshToken: string | undefined) => ({
    grant_type: 'refresh_token',
    refresh_token: refreshToken ?? '',
  });
  /** Of alice's device. */
  const login = async () => {
    const begun = attempt(world.issuer, 'grafana');
    const answer = await doors.tailnet.send('member', { path: pathOf(begun.url), fields: [] });
    const redeemed = await token('backchannel', 'unknown', {
      grant_type: 'authorization_code',
      code: answer.parameters['code'],
      code_verifier: begun.verifier,
      redirect_uri: begun.parameters['redirect_uri'],
    });
    return redeemed.tokens['refresh_token'];
  };

  it.each<[DoorName, Caller, Fields, boolean]>([
    ['tailnet', 'member', [], true],
    ['serve', 'member', [], true],
    ['userspace', 'member', [], true],
    ['tailnet', 'trusted proxy', forAlice, false],
    ['tailnet', 'tagged', [], false],
    ['tailnet', 'unknown', forAlice, false],
    ['serve', 'tagged', forAlice, false],
    ['backchannel', 'unknown', [], false],
    ['backchannel', 'member', forAlice, false],
  ])('at %s by a %s with %j: answered %s', async (door, caller, fields, isAnswered) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const first = await login();
    expect((await token('backchannel', 'unknown', refresh(first))).status).toBe(200);
    vi.setSystemTime(Date.now() + 60_000);
    const { status } = await token(door, caller, refresh(first), fields);
    expect(status).toBe(isAnswered ? 200 : 400);
    const marks = auditLog(dirname(world.stateDirectory)).slice(-2);
    const isMarked = marks.some(({ detail }) => 'lateSeconds' in detail);
    expect(isMarked).toBe(isAnswered);
  });
});
