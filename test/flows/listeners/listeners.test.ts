import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exposure } from '../../../src/http/exposure.ts';
import { refuse } from '../../../src/identity/identify.ts';
import type { RefusalCode } from '../../../src/identity/identity.ts';
import { escapeHtml } from '../../../src/pages/html.ts';
import { type Caller, type DoorName, doorsOf } from '../../world/callers.ts';
import { attempt } from '../../world/login.ts';
import type { Fields, Sent } from '../../world/send.ts';
import { until } from '../../world/until.ts';
import {
  callers,
  effects,
  type Forgery,
  forgeries,
  type Outcome,
  throughTrustedProxy,
} from './listener-table.ts';
import { type Everywhere, listenEverywhere } from './listener-world.ts';
import { outcomeOf, pathOf } from './who.ts';

let world: Everywhere;
let doors: ReturnType<typeof doorsOf>;

beforeAll(async () => {
  world = await listenEverywhere();
  doors = doorsOf(world);
});
afterAll(() => world[Symbol.asyncDispose]());

const outcomeAt = (door: DoorName, caller: Caller, fields: Fields): Promise<Outcome> =>
  outcomeOf({ doors, issuer: world.issuer, door, caller, fields });

const doorNames = Object.keys(callers) as DoorName[];
const forgeryNames = Object.keys(forgeries) as Forgery[];

/** Every cell of the table. */
const cells = doorNames.flatMap((door) =>
  (Object.entries(callers[door]) as [Caller, Outcome | undefined][]).flatMap(([caller, plain]) => {
    if (plain === undefined) return [];
    const forged = forgeryNames.map((name) => {
      const speaks = door === 'tailnet' && caller === 'trusted proxy';
      const expected = speaks ? throughTrustedProxy[name] : mixed(plain, effects[door][name]);
      return { door, caller, forgery: name, expected };
    });
    return [{ door, caller, forgery: undefined, expected: plain }, ...forged];
  }),
);

/** What is refused before anybody asks stays refused; the host comes before the route. */
function mixed(plain: Outcome, effect: Outcome | 'same'): Outcome {
  if (effect === 'same') return plain;
  if (effect === 400 || effect === 421) return effect;
  return plain === 404 ? plain : effect;
}

describe('T19 T25 T29 T33 T34 T35 who a request is, at every listener', () => {
  it.each(cells)('$door: $caller with $forgery is $expected', async (cell) => {
    const { door, caller, forgery, expected } = cell;

    const outcome = await outcomeAt(door, caller, forgery ? forgeries[forgery] : []);

    expect(outcome).toBe(expected);
  });

  it('has tried every listener, caller and forgery', () => {
    expect(cells.length).toBeGreaterThan(350);
  });
});

/** What a route is asked with, for the answer to show that it is there. */
const paths = [...exposure.map(({ path }) => path.replace('*', 'x')), '/admin', '/metrics'];

/** All that a listener shows, as written down by hand; anything else is a 404. */
const logins = ['/authorize', '/authorize/x', '/interaction/x', '/device', '/denied'];
const forms = ['/new', '/edit/x'];
const people = ['/', ...forms, ...logins, '/logout', '/logout/confirm', '/logout/success'];
const apps = ['/token', '/device_authorization', '/userinfo', '/introspect', '/revoke'];
const metadata = [
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/.well-known/jwks.json',
];
const health = ['/healthz', '/readyz'];
const clients = ['/clients/', '/clients/new', '/clients/x'];
const commandLine = ['/admin/clients', '/admin/clients/x', '/admin/secrets/x', '/admin/marks/x'];
const registration = ['/register', '/register/x'];
const everything = [
  ...people,
  ...apps,
  '/request',
  ...registration,
  ...metadata,
  ...clients,
  ...health,
];
const shown: Readonly<Record<DoorName | 'Funnel', readonly string[]>> = {
  tailnet: everything,
  serve: everything,
  'serve, past tailscaled': everything,
  userspace: everything,
  Funnel: [...apps, '/request', ...metadata],
  backchannel: [...apps, ...metadata],
  admin: [...clients, ...commandLine, ...health],
};

const isThere = ({ status, body }: Sent) =>
  // and not a 404 about what the route was asked for
  status !== 404 || !/nothing (?:here|at this address)/i.test(body);

describe('T25 T33 what is reached at all', () => {
  it.each(Object.entries(shown))('%s shows its routes and no other', async (name, expected) => {
    const door = name === 'Funnel' ? doors.serve : doors[name as DoorName];
    const caller = name === 'Funnel' ? 'Funnel stranger' : 'member';
    const found = await Promise.all(
      paths.map(async (path) => {
        const answers = await Promise.all(
          ['GET', 'POST', 'DELETE'].map((method) =>
            door.send(caller, { path, method, fields: [] }),
          ),
        );
        const there = answers.map(isThere);
        expect(new Set(there).size, path).toBe(1);
        return there[0] ? [path] : [];
      }),
    );

    expect(found.flat().toSorted()).toEqual(expected.toSorted());
  });

  it('T27 sends people to the issuer, wherever a device asks', async () => {
    const form = { client_id: 'terminal' };
    for (const [door, caller] of [
      ['backchannel', 'unknown'],
      ['serve', 'Funnel stranger'],
      ['tailnet', 'tagged'],
    ] as const) {
      const answer = await doors[door].send(caller, {
        path: '/device_authorization',
        fields: [],
        form,
      });
      expect(answer.status, answer.body).toBe(200);
      expect(JSON.parse(answer.body).verification_uri).toBe(`${world.issuer}/device`);
    }
  });

  it('tells the Funnel stranger at a login what to do, on a page', async () => {
    const path = pathOf(attempt(world.issuer, 'grafana').url);
    const answer = await doors.serve.send('Funnel stranger', { path, fields: [] });

    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toMatch(/^text\/html/);
    expect(answer.body).toContain('connect to Tailscale on this device');
  });
});

describe('T25 who administers', () => {
  const app = { 'tailscale.com/cap/tsidp': [{ allow_admin_ui: true }] };
  const src = ['alice@example.com', 'carol@example.com', 'mallory@elsewhere.example'];
  beforeAll(async () => {
    world.simulator.setPolicy({ grants: [{ src, dst: ['tag:idp'], app }] });
    await until('whois is asked again', async () => {
      return (await doors.serve.send('member', { path: '/clients/', fields: [] })).status === 200;
    });
  });

  /** The rule's person, wherever whois names her, and whoever may open the admin socket; no page of others. */
  const statusOf = ({ door, forgery, expected }: (typeof cells)[number]): number => {
    if (expected === 400 || expected === 421) return expected;
    if (expected === 404 && door !== 'admin') return 404;
    if (forgery === 'an origin') return 403;
    return door === 'admin' || expected === 'userid:1' ? 200 : 403;
  };

  it.each(cells.map((cell) => ({ ...cell, status: statusOf(cell) })))(
    '$door: $caller with $forgery gets $status',
    async ({ door, caller, forgery, status }) => {
      const fields = forgery ? forgeries[forgery] : [];
      const statusAt = async (path: string) =>
        (await doors[door].send(caller, { path, fields })).status;
      expect(await statusAt('/clients/')).toBe(status);
      // pages are for browsers, and the admin socket is none's
      const page = door === 'admin' && (status === 200 || status === 403) ? 404 : status;
      expect(await statusAt('/new')).toBe(page);
      expect(await statusAt('/edit/grafana')).toBe(page);
    },
  );
});

/** What the start page says of each, to themselves. */
const shownAs = (expected: Outcome): string => {
  if (expected === 'userid:1') return 'alice@example.com';
  if (expected === 'userid:2') return 'bob@example.com';
  if (expected === 'machine') return 'This machine';
  const { message } = refuse(expected as RefusalCode).refusal;
  return escapeHtml(message).slice(0, 60);
};

describe('T19 T34 T35 who the start page says it is, at every listener', () => {
  it.each(cells)('$door: $caller with $forgery is $expected', async (cell) => {
    const { door, caller, forgery, expected } = cell;
    const fields = forgery ? forgeries[forgery] : [];
    const answer = await doors[door].send(caller, { path: '/', fields });
    if (typeof expected === 'number') return expect(answer.status).toBe(expected);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(shownAs(expected));
    const others = ['alice@example.com', 'bob@example.com'].filter(
      (login) => login !== shownAs(expected),
    );
    for (const login of others) expect(answer.body).not.toContain(login);
  });
});
