import { afterEach, describe, expect, test } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { failure, json } from '../../world/login.ts';
import {
  manage,
  publicClient,
  type Registered,
  register,
  registeredIn,
} from '../../world/register.ts';
import { startWorld, type World } from '../../world/world.ts';

/** 127.0.0.1 alice, who has `allow_dcr`; .2 bob; .3 a machine; .4 another tailnet's; .5 nobody's. */
const at = (last: number) => new Browser(`127.0.0.${last}`);

let world: World;
const start = async (registration: object = {}): Promise<void> => {
  world = await startWorld({ registration: { perMinute: 1000, ...registration } });
};
afterEach(() => world[Symbol.asyncDispose]());

const outcome = async (last: number): Promise<string> => {
  const answer = await register(world.issuer, publicClient, at(last));
  return answer.status === 201 ? '201' : failure(answer);
};
const outcomes = async (): Promise<string[]> => {
  const all: string[] = [];
  for (const last of [1, 2, 3, 4, 5]) all.push(await outcome(last));
  return all;
};
const no = '403 access_denied';

describe('T15 who may register clients', () => {
  test('granted: whoever has allow_dcr, and nobody by where they come from', async () => {
    await start();
    expect(await outcomes()).toEqual(['201', no, no, no, no]);
  });

  test('tailnet: every member and machine', async () => {
    await start({ mode: 'tailnet' });
    expect(await outcomes()).toEqual(['201', '201', '201', no, no]);
  });

  test('public: everybody', async () => {
    await start({ mode: 'public' });
    expect(await outcomes()).toEqual(['201', '201', '201', '201', '201']);
  });

  test('off: nobody, and there is no endpoint', async () => {
    await start({ mode: 'off' });
    const issuer = world.issuer;
    for (const path of ['/register', '/register/x']) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
        const answer = await at(1).open(`${issuer}${path}`, { method });
        expect(answer.status, `${method} ${path}`).toBe(404);
      }
    }
    const metadata = json(await at(1).open(`${issuer}/.well-known/openid-configuration`));
    expect(metadata).not.toHaveProperty('registration_endpoint');
  });

  test('a denial names the grant that is missing, in ASCII JSON, and is recorded with its trace', async () => {
    await start();
    const answer = await register(world.issuer, publicClient, at(2));

    expect(answer.status).toBe(403);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(json(answer)).toEqual({
      error: 'access_denied',
      error_description: 'no grant of the tailnet policy lets you register clients (allow_dcr)',
    });
    expect(auditLog(world.directory).at(-1)).toMatchObject({
      event: 'denial',
      subject: 'userid:2',
      reason: expect.stringContaining('allow_dcr'),
      detail: { at: 'register', trace: [{ field: 'allow_dcr' }] },
    });
  });

  test('T31 while tailscaled is away nobody is decided on', async () => {
    await start();
    await world.simulator.stop();
    const answer = await register(world.issuer);
    expect(failure(answer)).toBe('503 temporarily_unavailable');
    expect(answer.headers['retry-after']).toBeDefined();
  });

  test('T19 T34 headers give no right', async () => {
    await start();
    const forged = {
      'tailscale-user-login': 'alice@example.com',
      'tailscale-app-capabilities': '{"tailscale.com/cap/tsidp":[{"allow_dcr":true}]}',
    };
    const answer = await register(world.issuer, publicClient, at(2), forged);
    expect(failure(answer)).toBe(no);
    const proxied = await register(world.issuer, publicClient, at(1), {
      'x-forwarded-for': '127.0.0.1',
    });
    expect(failure(proxied)).toBe(no);
  });
});

describe('T15 how many', () => {
  test('each peer has its own quota, which parallel requests do not exceed', async () => {
    await start({ mode: 'tailnet', perPeer: 5 });
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => register(world.issuer, publicClient, at(1))),
    );
    const made = answers.filter(({ status }) => status === 201);
    expect(made).toHaveLength(5);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(new Set(refused.map(failure))).toEqual(new Set(['429 temporarily_unavailable']));
    expect(refused[0]?.body).toContain('registered as many clients as one may');

    expect(await outcome(2)).toBe('201');
    // room again, once one is gone
    const [first] = made;
    if (first) await manage(registeredIn(first), 'DELETE');
    expect(await outcome(1)).toBe('201');
    expect(await outcome(1)).toBe('429 temporarily_unavailable');
  });

  test('one person counts the same at all devices; strangers by address, and apart from members', async () => {
    await start({ mode: 'public', total: 2, strangers: { perAddress: 1, total: 2 } });
    expect([await outcome(4), await outcome(4)]).toEqual(['201', '429 temporarily_unavailable']);
    expect([await outcome(5), await outcome(9)]).toEqual(['201', '429 temporarily_unavailable']);
    expect([await outcome(1), await outcome(2), await outcome(3)]).toEqual([
      '201',
      '201',
      '429 temporarily_unavailable',
    ]);
  });

  test('a minute has room for so many, also for whoever removes them again', async () => {
    await start({ perMinute: 3 });
    for (let count = 0; count < 3; count += 1) {
      await manage(registeredIn(await register(world.issuer)), 'DELETE');
    }
    const answer = await register(world.issuer);
    expect(failure(answer)).toBe('429 temporarily_unavailable');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('all strangers together have the room of one peer in a minute', async () => {
    await start({ mode: 'public', perMinute: 2 });
    expect([await outcome(4), await outcome(5), await outcome(9), await outcome(1)]).toEqual([
      '201',
      '201',
      '429 temporarily_unavailable',
      '201',
    ]);
  });

  test('T14 so many changes, too, for all clients of one peer and of strangers', async () => {
    await start({ mode: 'public', perMinute: 3 });
    const change = async (client: Registered): Promise<Registered> => {
      const body = { ...publicClient, client_id: client.client_id };
      const answer = await manage(client, 'PUT', body);
      if (answer.status !== 200) {
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
        throw new Error(failure(answer));
      }
      return { ...client, ...json(answer) };
    };
    const registerAt = async (last: number) =>
      registeredIn(await register(world.issuer, publicClient, at(last)));
    const [one, other, alices] = [await registerAt(4), await registerAt(5), await registerAt(1)];
    const changed = await change(await change(one));
    await change(other);
    const before = auditLog(world.directory).length;
    const tooMany = '429 temporarily_unavailable';
    await expect(change(changed)).rejects.toThrow(tooMany);
    expect(auditLog(world.directory)).toHaveLength(before);
    // the client is as it was, and so is its token
    expect((await manage(changed, 'GET')).status).toBe(200);
    const again = await change(await change(await change(alices)));
    await expect(change(again)).rejects.toThrow(tooMany);
    // it can always go
    expect((await manage(changed, 'DELETE')).status).toBe(204);
  });

  test('T33 web pages in a browser have half of its quota', async () => {
    await start({ perPeer: 4 });
    const page = { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' };
    const statuses: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      statuses.push((await register(world.issuer, publicClient, at(1), page)).status);
    }
    expect(statuses).toEqual([201, 201, 429]);
    expect(await outcome(1)).toBe('201');
    expect(auditLog(world.directory).find(({ event }) => event === 'client')?.detail).toMatchObject(
      {
        origin: 'https://evil.test',
      },
    );
  });
});

describe('CORS', () => {
  test('a page of any origin may register, as the Inspector does, and manages nothing', async () => {
    await start();
    const origin = 'http://localhost:6274';
    const preflight = await at(1).open(`${world.issuer}/register`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,mcp-protocol-version',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': expect.stringContaining('mcp-protocol-version'),
    });
    const answer = await register(world.issuer, publicClient, at(1), { origin });
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    // errors, too, or a client in a browser could never tell why
    const refused = await register(world.issuer, {}, at(1), { origin });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([400, '*']);
    const denied = await register(world.issuer, publicClient, at(2), { origin });
    expect([denied.status, denied.headers['access-control-allow-origin']]).toEqual([403, '*']);
    const { registration_client_uri: uri } = registeredIn(answer);
    const other = await at(1).open(uri, { method: 'OPTIONS', headers: { origin } });
    expect(other.status).toBe(405);
    expect(other.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test.each(['GET', 'PUT', 'DELETE'])('%s /register is 405, in JSON', async (method) => {
    await start();
    const answer = await at(1).open(`${world.issuer}/register`, { method });
    expect(failure(answer)).toBe('405 invalid_request');
    expect(answer.headers['allow']).toBe('POST, OPTIONS');
  });
});
