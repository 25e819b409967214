import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { codeFor, json, login } from '../../world/login.ts';
import type { World } from '../../world/world.ts';
import type { Row, TokenName } from './exchange-row.ts';
import { rows } from './exchange-rows.ts';
import {
  exchanged,
  exchangeForm,
  loginAt,
  look,
  machineToken,
  mcp,
  notes,
  post,
  relay,
  senders,
  service,
  startExchanging,
  typeOf,
  worker,
} from './exchange-world.ts';

describe('T05 who may exchange what for whom', () => {
  let world: World;
  let subjects: Record<string, string>;
  beforeAll(async () => {
    world = await startExchanging();
    subjects = await subjectsOf(world);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const cells = rows.map((row) => ({ ...row, name: nameOf(row) }));
  test.each(cells)('$name', async (row) => {
    const token = await tokenOf(world, row.token);
    const form = await formOf(world, row, token);
    const before = auditLog(world.directory).length;
    const answer = await post(world, '/token', form, senders[row.by]);
    const events = auditLog(world.directory)
      .slice(before)
      .map(({ event }) => event);
    const { gives } = row;
    if (typeof gives === 'string') {
      expect(json(answer), answer.body).toMatchObject({ error: gives });
      expect(json(answer)).not.toHaveProperty('access_token');
      expect([400, 401]).toContain(answer.status);
      // who names no client is the log's business
      const isNobody = row.by === "person's device" || row.by === 'foreign device';
      expect(events).toEqual(isNobody ? [] : ['denial']);
      return;
    }
    expect(answer.status, answer.body).toBe(200);
    expect(events).toEqual(['exchange']);
    const claims = await expectIssued(world, row, json(answer));
    expect(claims).toMatchObject({ active: true, aud: gives.aud });
    expect(actorsOf(claims)).toEqual(gives.actors ?? []);
    if (gives.sub) expect(claims['sub']).toBe(subjects[gives.sub] ?? gives.sub);
    // never for longer than what it came from
    const parent = await look(world, token, parentOf(row.token));
    expect(Number(claims['exp'])).toBeLessThanOrEqual(Number(parent['exp'] ?? Infinity));
  });

  test('nothing of what was presented is in the log', () => {
    for (const [, token] of cache.get(world) ?? []) {
      expect(world.logged()).not.toContain(token.slice(-40));
    }
  });

  test('there are rows enough', () => expect(rows.length).toBeGreaterThan(80));
});

const kindOf = (name: TokenName) => (name.includes('ID token') ? 'id_token' : 'access_token');

async function formOf(world: World, row: Row, token: string) {
  const { to, audience, scope, want, actor } = row;
  return exchangeForm(token, {
    subject_token_type: typeOf(row.as ?? kindOf(row.token)),
    ...(to === undefined ? {} : { resource: to }),
    ...(audience === undefined ? {} : { audience }),
    ...(scope === undefined ? {} : { scope }),
    ...(want === undefined ? {} : { requested_token_type: typeOf(want) }),
    ...(actor === undefined
      ? {}
      : { actor_token: await tokenOf(world, actor), actor_token_type: typeOf(kindOf(actor)) }),
  });
}

/** What the answer says of the new token, and then what introspection says of it. */
async function expectIssued(
  world: World,
  { want = 'access_token', gives, by }: Row,
  body: Readonly<Record<string, unknown>>,
) {
  if (typeof gives === 'string') throw new Error('gives nothing');
  const { scope = '', access_token: token } = body;
  expect(body).toMatchObject({ token_type: 'Bearer', issued_token_type: typeOf(want) });
  expect(body).not.toHaveProperty('refresh_token');
  expect(scope).toBe(gives.scope);
  expect(String(token).includes('.')).toBe(!gives.opaque);
  if (!gives.opaque) expect(decodeJwt(String(token))).toMatchObject({ aud: gives.aud });
  return look(world, String(token), by);
}

function nameOf({ token, by, actor, to, audience, scope, want, as, gives }: Row): string {
  const short = (uri: string | string[]) =>
    Array.isArray(uri) && uri.length > 3 ? `${uri.length} of them` : [uri].flat().join(' and ');
  return [
    `${token}${as ? ` as ${as}` : ''} by ${by}`,
    actor ? `, actor ${actor}` : '',
    to === undefined ? '' : `, resource ${short(to)}`,
    audience === undefined ? '' : `, audience ${short(audience)}`,
    scope === undefined ? '' : `, scope ${scope}`,
    want === undefined ? '' : `, wants ${want}`,
    `: ${typeof gives === 'string' ? gives : `${short(gives.aud)} "${gives.scope}" ${gives.actors ?? ''}`}`,
  ].join('');
}

/** Nodes, newest first. */
function actorsOf(claims: Readonly<Record<string, unknown>>): string[] {
  const found: string[] = [];
  for (let act = claims['act'] as { node?: string; sub: string; act?: never } | undefined; act; ) {
    found.push(act.node?.split('.')[0] ?? act.sub);
    act = act.act;
  }
  return found;
}

/** Who may look at a token that is presented. */
function parentOf(name: TokenName): keyof typeof senders {
  if (name.startsWith('chain of ci and')) return 'second';
  if (name.startsWith('chain of ci')) return 'ci';
  if (name.startsWith('ci itself as')) return 'ci as by-tag';
  if (name.startsWith('ci itself')) return 'ci';
  return 'grafana';
}

const cache = new WeakMap<World, Map<string, string>>();

/** Made once: presenting a token does not use it up. */
async function tokenOf(world: World, name: TokenName): Promise<string> {
  const known = cache.get(world) ?? new Map<string, string>();
  cache.set(world, known);
  const found = known.get(name) ?? (await makers[name](world));
  known.set(name, found);
  return found;
}

async function subjectsOf(world: World): Promise<Record<string, string>> {
  const token = await machineToken(world, 'ci');
  return { 'node:ci': String(decodeJwt(token).sub) };
}

const bob = '127.0.0.2';
const both = 'read_file run_code';
const loginOf = (world: World, client: string, more: Record<string, string>) =>
  login(new Browser(), world.issuer, client, more);

const makers: Record<TokenName, (world: World) => Promise<string>> = {
  'plain login': async (world) => (await loginAt(world, '', 'openid email')).accessToken,
  'plain login of bob': async (world) =>
    (await loginAt(world, '', 'openid email', bob)).accessToken,
  'worker login': async (world) => (await loginAt(world, worker, both)).accessToken,
  'worker login, reading': async (world) => (await loginAt(world, worker, 'read_file')).accessToken,
  'worker login of bob': async (world) => (await loginAt(world, worker, both, bob)).accessToken,
  'mcp login': async (world) => (await loginAt(world, mcp, 'read_file')).accessToken,
  'notes login': async (world) => (await loginAt(world, notes, 'notes')).accessToken,
  'ID token': async (world) => (await loginAt(world, '', 'openid email')).idToken,
  'ID token of a worker login, reading': async (world) =>
    (await loginAt(world, worker, 'openid read_file')).idToken,
  'es256 worker login': async (world) =>
    (await loginOf(world, 'es256', { resource: worker, scope: both })).accessToken,
  'es256 ID token': async (world) => (await loginOf(world, 'es256', { scope: 'openid' })).idToken,
  'eddsa plain login': async (world) =>
    (await loginOf(world, 'eddsa', { scope: 'openid' })).accessToken,
  'ci itself': (world) => machineToken(world, 'ci'),
  'ci itself as by-tag': (world) => machineToken(world, 'ci as by-tag'),
  'second itself': (world) => machineToken(world, 'second'),
  'second itself as by-tag': (world) => machineToken(world, 'second as by-tag'),
  'service itself': async (world) => {
    const form = { grant_type: 'client_credentials', resource: mcp };
    const answer = await post(world, '/token', form, { ...service, id: 'robot' });
    return String(json(answer)['access_token']);
  },
  'chain of ci': async (world) =>
    exchanged(world, await tokenOf(world, 'worker login'), { resource: relay }, 'ci'),
  'chain of ci and second': async (world) =>
    exchanged(world, await tokenOf(world, 'chain of ci'), { resource: mcp }, 'second'),
  'refresh token': async (world) =>
    (await loginAt(world, '', 'openid offline_access')).refreshToken,
  code: async (world) => (await codeFor(new Browser(), world.issuer)).code,
};
