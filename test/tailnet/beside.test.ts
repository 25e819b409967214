import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../world/until.ts';
import {
  authorize,
  type Idp,
  login,
  type Reached,
  refresh,
  startIdp,
  tokensOf,
  userinfo,
} from './idp.ts';
import { exactLevel, policy } from './settings.ts';
import { startTailnet, type Tailnet, type TailnetNode } from './tailnet.ts';

// The daemon beside a tailscaled that runs already, in each of its modes. One tailnet for all, as it takes a while.

let tailnet: Tailnet;
let node: TailnetNode;
let alice: TailnetNode;
let bob: TailnetNode;
let carol: TailnetNode;
let ci: TailnetNode;

beforeAll(async () => {
  tailnet = await startTailnet();
  node = await tailnet.join('idp', await tailnet.key({ tags: 'tag:idp' }));
  ci = await tailnet.join('ci', await tailnet.key({ tags: 'tag:ci' }));
  alice = await tailnet.join('alice', await tailnet.key({ user: 1 }));
  bob = await tailnet.join('bob', await tailnet.key({ user: 2 }));
  carol = await tailnet.join('carol', await tailnet.key({ user: 3 }));
});
afterAll(() => tailnet?.[Symbol.asyncDispose]());

const modes = {
  tailnet: {
    tun: 'tailscale0',
    listen: { plainHttp: true },
    said: /plain HTTP on the node's own/u,
  },
  serve: { tun: undefined, listen: { plainHttp: true }, said: /behind tailscale serve, port 80/u },
  userspace: {
    tun: undefined,
    listen: { type: 'userspace', plainHttp: true, port: 8081 },
    said: /8081/u,
  },
} as const;

describe.each(Object.entries(modes))('%s', (name, { tun, listen, said }) => {
  let daemon: Idp;
  let idp: Reached;
  const headers = { 'Tailscale-User-Login': 'alice@example.com' };

  beforeAll(async () => {
    await node.restart(tun);
    daemon = await startIdp(tailnet.directory, name, {
      tailscaled: { socket: node.socket },
      listen,
    });
    idp = { issuer: daemon.issuer, address: node.address };
    // the way between the devices may take a while to be found after a restart
    await until('alice reaches it', () => authorize(alice, idp).catch(() => undefined), 60_000);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('says what it listens on, and names itself after the node', () => {
    expect(daemon.program.said()).toMatch(said);
    expect(idp.issuer.hostname).toBe('idp.tailnet.test');
  });

  test('people are who their devices say they are', async () => {
    const claims = JSON.parse((await login(alice, ci, idp)).claims);
    expect(claims).toMatchObject({
      iss: idp.issuer.origin,
      sub: 'userid:1',
      email: 'alice@example.com',
      preferred_username: 'alice',
      name: 'Alice Ångström',
      groups: ['admins'],
    });
    expect(JSON.parse((await login(bob, ci, idp)).claims)).toMatchObject({ sub: 'userid:2' });
    const hers = JSON.parse((await login(carol, ci, idp)).claims);
    expect(hers).toMatchObject({ sub: 'userid:3', preferred_username: 'carol' });
    expect(hers).toMatchObject({ email: 'carol@idp.tailnet.test', email_verified: false });
  });

  test('numbers of grants keep their digits', async () => {
    const tokens = await login(alice, ci, idp);
    expect(tokens.claims).toContain(`"level":${exactLevel}`);
    expect((await userinfo(ci, idp, tokens)).body).toContain(`"level":${exactLevel}`);
  });

  test('a tagged machine is nobody', async () => {
    const { parameters } = await authorize(ci, idp);
    expect(parameters.get('error')).toBe('access_denied');
    expect(parameters.get('error_description')).toMatch(/machine \(tag:ci\)/u);
  });

  test.each(['X-Forwarded-For', 'Forwarded', 'X-Real-IP'])(
    'no one becomes another by %s',
    async (header) => {
      const value = header === 'Forwarded' ? `for=${alice.address}` : alice.address;
      const forged = { [header]: value };
      if (name === 'serve' && header !== 'X-Real-IP') {
        // tailscaled takes these away before they come to us: bob stays bob. It leaves X-Real-IP, which gives nobody's
        // identity and takes the sender's away (T34)
        const { claims } = await login(bob, ci, idp, forged);
        expect(JSON.parse(claims).sub).toBe('userid:2');
      } else {
        const { parameters } = await authorize(bob, idp, forged);
        expect(parameters.get('error')).toBe('access_denied');
      }
    },
  );

  test('the identity headers of tailscale serve are not believed', async () => {
    const { claims } = await login(bob, ci, idp, headers);
    expect(JSON.parse(claims).sub).toBe('userid:2');
    expect((await authorize(ci, idp, headers)).parameters.get('code')).toBeNull();
  });

  test('a changed policy counts at the next refresh', async () => {
    const before = await login(alice, ci, idp);
    tailnet.setPolicy(policy({ aliceIsAdmin: false }));
    try {
      await until(
        'alice is no administrator any more',
        async () => !(await userinfo(ci, idp, before)).body.includes('admins'),
        15_000,
      );
      const after = tokensOf(await refresh(ci, idp, before));
      expect(JSON.parse(after.claims)).not.toHaveProperty('level');
    } finally {
      tailnet.setPolicy(policy({ aliceIsAdmin: true }));
    }
    await until(
      'she is one again',
      async () => (await login(alice, ci, idp)).claims.includes('admins'),
      15_000,
    );
  });
});

test('a deleted device is refused within a second', async () => {
  const config = { tailscaled: { socket: node.socket }, listen: { plainHttp: true } };
  await using daemon = await startIdp(tailnet.directory, 'deleted', config);
  const idp = { issuer: daemon.issuer, address: node.address };
  const tokens = await until(
    'carol is in',
    () => login(carol, ci, idp).catch(() => undefined),
    60_000,
  );
  await tailnet.headscale('nodes', 'delete', '--identifier', carol.stableId, '--force');
  const isDead = async () => (await userinfo(ci, idp, tokens)).status === 401;
  await until('her tokens are dead', isDead, 1000);
});

describe('a device whose key has expired', () => {
  test('refreshes no more', async () => {
    await node.restart();
    const config = { tailscaled: { socket: node.socket }, listen: { plainHttp: true } };
    await using daemon = await startIdp(tailnet.directory, 'expired', config);
    const idp = { issuer: daemon.issuer, address: node.address };
    const tokens = await until(
      'bob is in',
      () => login(bob, ci, idp).catch(() => undefined),
      60_000,
    );
    // Headscale's stable ID is its number of the node
    await tailnet.headscale('nodes', 'expire', '--identifier', bob.stableId);
    await until(
      'his tokens are dead',
      async () => (await userinfo(ci, idp, tokens)).status === 401,
      15_000,
    );
    const { status, body } = await refresh(ci, idp, tokens);
    expect([status, JSON.parse(body).error]).toEqual([400, 'invalid_grant']);
  });
});
