import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { dial, send } from '../../world/send.ts';
import { type Everywhere, listenEverywhere } from '../listeners/listener-world.ts';

/** As tailscaled hands requests on: it says which address they come from. */
let world: Everywhere;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  world = await listenEverywhere({
    registration: { mode: 'public', perMinute: 30, strangers: { perAddress: 100 } },
  });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  vi.useRealTimers();
});

async function ask(from: string, path: string, form: Record<string, string>, body?: string) {
  const socket = await dial({ path: join(world.stateDirectory, 'serve', 'serve.sock') });
  return send(socket, {
    path,
    fields: [
      ['Host', 'localhost'],
      ['X-Forwarded-Host', new URL(world.issuer).host],
      ['X-Forwarded-For', from],
      ...(body === undefined ? [] : ([['Content-Type', 'application/json']] as const)),
    ],
    ...(body === undefined ? { form } : { body }),
  });
}

/** How many of `times` requests, spread over these addresses, were not told to wait. */
async function passed(
  addresses: readonly string[],
  times: number,
  one: (from: string, count: number) => ReturnType<typeof ask>,
): Promise<number> {
  vi.setSystemTime(Date.now() + 3_600_000);
  let looked = 0;
  for (let count = 0; count < times; count += 1) {
    const { status } = await one(addresses[count % addresses.length] ?? '', count);
    if (status !== 429) looked += 1;
  }
  return looked;
}

const guess = (from: string, secret: string) =>
  ask(from, '/token', {
    ...{ grant_type: 'authorization_code', code: 'x', redirect_uri: 'https://post.test/cb' },
    ...{ client_id: 'post', client_secret: secret },
  });
const deviceCode = (from: string) => ask(from, '/device_authorization', { client_id: 'terminal' });
const push = (from: string) =>
  ask(from, '/request', {
    ...{ client_id: 'spa', response_type: 'code', redirect_uri: 'https://spa.test/cb' },
    ...{ code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' },
  });
const register = (from: string) =>
  ask(from, '/register', {}, JSON.stringify({ redirect_uris: ['https://app.test/cb'] }));

const network = Array.from(
  { length: 100 },
  (_, host) => `2001:db8:1:2::${(host + 1).toString(16)}`,
);
const alice = ['100.64.0.3', 'fd7a:115c:a1e0::3'];

test.each([
  ['wrong secrets', 20, (from: string, count: number) => guess(from, `wrong ${count}`)],
  ['device codes of a public client', 60, deviceCode],
  ['pushed requests of a public client', 60, push],
  ['registrations', 15, register],
])(
  'T40 %s count for a whole IPv6 /64, and for one device at all its addresses',
  async (name, limit, one) => {
    expect(await passed(network, limit + 20, one)).toBe(limit);
    if (name === 'registrations') return; // a member's count for the person
    expect(await passed(alice, limit + 20, one)).toBe(limit);
  },
);

test('T40 a neighbour in the tailnet, whose address stands in the same /64, is not held up', async () => {
  expect(await passed(['fd7a:115c:a1e0::3'], 30, (from) => guess(from, 'wrong'))).toBe(20);
  const { status } = await guess('fd7a:115c:a1e0::4', 'post-secret-that-is-long-enough-0000');
  expect(status).toBe(400); // the code is none, the secret was right
});

test('T40 guesses from everywhere leave each network one; the right secret of another passes', async () => {
  const everywhere = Array.from({ length: 400 }, (_, net) => `2001:db8:2:${net.toString(16)}::1`);
  // twenty of ten networks fill what all have at this app
  const looked = await passed(everywhere.slice(0, 10), 200, (from) => guess(from, 'wrong'));
  expect(looked).toBe(200);
  let later = 0;
  for (const from of everywhere.slice(10, 40)) {
    for (const secret of ['one', 'two', 'three']) {
      if ((await guess(from, secret)).status !== 429) later += 1;
    }
  }
  expect(later).toBe(30);
  const { status } = await guess('198.51.100.1', 'post-secret-that-is-long-enough-0000');
  expect(status).toBe(400);
});
