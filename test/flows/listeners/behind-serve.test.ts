import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt } from '../../world/login.ts';
import { dial, type Fields, type Sent, send } from '../../world/send.ts';
import { type Everywhere, listenEverywhere } from './listener-world.ts';

/** What backends behind tailscaled 1.102.3 were sent. */
const recordings: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  readFileSync(
    new URL('../../fixtures/localapi/serve-proxied-requests.json', import.meta.url),
    'utf8',
  ),
);
const recorded = (name: string): Fields => {
  const headers = recordings[name];
  if (headers === undefined) throw new Error(`there is no recording "${name}"`);
  return Object.entries(headers);
};
const ofUser = 'user peer that forged Tailscale-User-Login, X-Forwarded-For and Forwarded';
const ofMachine = 'tagged peer that forged Tailscale-User-Login';

let world: Everywhere;
beforeAll(async () => {
  world = await listenEverywhere();
});
afterAll(() => world[Symbol.asyncDispose]());

const socketPath = () => join(world.stateDirectory, 'serve', 'serve.sock');
const home = async (fields: Fields): Promise<Sent> =>
  send(await dial({ path: socketPath() }), { path: '/', fields });
const without = (fields: Fields, name: string) => fields.filter(([one]) => one !== name);
const withField = (fields: Fields, name: string, value: string): Fields => [
  ...without(fields, name),
  [name, value],
];

describe('T19 requests as tailscaled hands them on', () => {
  it('of a person are that person', async () => {
    const { body } = await home(recorded(ofUser));
    expect(body).toContain('alice@example.com');
  });

  it('of a machine are that machine', async () => {
    world.simulator.setNode('ci', { addresses: ['100.64.0.1'] });
    const { body } = await home(recorded(ofMachine));
    expect(body).toContain('tag:ci');
    expect(body).not.toContain('alice');
  });

  it('over Funnel are nobody, whatever else stands there', async () => {
    for (const value of ['?1', '?0', '']) {
      const fields = withField(recorded(ofUser), 'Tailscale-Funnel-Request', value);
      const answer = await home(fields);
      expect(answer.status).toBe(404);
      expect(answer.body).not.toContain('alice');
    }
  });

  it.each(['203.0.113.9', '2001:db8::9', '10.0.0.1', '192.168.1.3'])(
    'from outside the tailnet, as Funnel of an older tailscaled, are shown no login: %s',
    async (value) => {
      const answer = await home(withField(recorded(ofUser), 'x-forwarded-for', value));
      expect(answer.status).toBe(404);
      expect(answer.body).toContain('connect to Tailscale');
    },
  );

  it.each([
    ['nothing', undefined],
    ['an empty value', ''],
    ['a port', '100.64.0.3:1234'],
    ['brackets', '[fd7a:115c:a1e0::3]'],
    ['a list', '100.64.0.3, 100.64.0.4'],
    ['a list of one', '100.64.0.3,'],
    ['a zone', 'fd7a:115c:a1e0::3%eth0'],
    ['a prefix', '100.64.0.3/32'],
    ['a name', 'alice'],
    ['a short form', '100.64.3'],
    ['a number', '1681915907'],
    ['leading zeros', '100.064.000.003'],
    ['loopback', '127.0.0.1'],
    ['loopback, IPv6', '::1'],
    ["a node's loopback address", '127.0.0.13'],
    ['our own address', '100.64.0.2'],
  ])('with %s for an address are nobody', async (_, value) => {
    const rest = without(recorded(ofUser), 'x-forwarded-for');
    const fields: Fields = value === undefined ? rest : [...rest, ['X-Forwarded-For', value]];

    const { status, body } = await home(fields);

    expect(status).toBe(200);
    expect(body).not.toContain('alice@example.com');
    expect(body).toMatch(/does not come from a device|machine that runs this login server/);
  });

  it.each([
    ['IPv6', 'fd7a:115c:a1e0::3'],
    ['IPv6 in long', 'FD7A:115C:A1E0:0000:0000:0000:0000:0003'],
    ['IPv4-mapped', '::ffff:100.64.0.3'],
    ['IPv4-mapped in hexadecimal', '::ffff:6440:3'],
  ])('with the same address as %s are the same person', async (_, value) => {
    const { body } = await home(withField(recorded(ofUser), 'x-forwarded-for', value));
    expect(body).toContain('alice@example.com');
  });

  it('for another host, for none and for two are refused', async () => {
    const fields = recorded(ofUser);
    const foreign = await home(withField(fields, 'x-forwarded-host', 'evil.example'));
    const none = await home(without(fields, 'x-forwarded-host'));
    const two = await home([...fields, ['X-Forwarded-Host', 'idp.tailnet.test']]);
    expect([foreign.status, none.status, two.status]).toEqual([421, 400, 400]);
  });

  it('bring tokens and URLs of the issuer', async () => {
    const { url } = attempt(world.issuer, 'grafana');
    const fields = withField(recorded(ofUser), 'X-Forwarded-Proto', 'https');
    const path = url.pathname + url.search;
    const answer = await send(await dial({ path: socketPath() }), { path, fields });
    expect(answer.parameters['iss']).toBe(world.issuer);
    expect(answer.parameters['code']).toBeTruthy();
  });
});

describe('sockets of our own', () => {
  it.each([
    ['serve/serve.sock', 0o600],
    ['serve', 0o700],
    ['admin.sock', 0o600],
    ['', 0o700],
  ])('%s are closed to other users', (path, mode) => {
    expect(statSync(join(world.stateDirectory, path)).mode & 0o777).toBe(mode);
  });

  it('the admin socket answers for health, and knows nobody', async () => {
    const path = join(world.stateDirectory, 'admin.sock');
    const fields: Fields = [['Host', 'localhost']];
    const health = await send(await dial({ path }), { path: '/readyz', fields });
    expect(JSON.parse(health.body)).toMatchObject({ status: 'ready', issuer: world.issuer });
    const named = await send(await dial({ path }), {
      path: '/readyz',
      fields: [['Host', 'idp.tailnet.test']],
    });
    expect(named.status).toBe(421);
  });
});
