import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { attempt, failure, json, login, refresh } from '../../world/login.ts';
import { dial, exchange, type Wire } from '../../world/raw.ts';
import { until } from '../../world/until.ts';
import { startWorld, type World } from '../../world/world.ts';

/** Limit of one second, checked every second, and room for a slow machine. */
const patienceMs = 4000;

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const giveUp = new AbortController();
  const late = pause(patienceMs, undefined, { signal: giveUp.signal }).then(() => {
    throw new Error(`still not after ${patienceMs} ms: ${what}`);
  });
  return Promise.race([promise, late]).finally(() => giveUp.abort());
}

/** Sends a piece every 100 ms for as long as the other end is there. */
async function dribble({ socket }: Wire, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed || !socket.writable) return;
    socket.write(piece);
    await pause(100);
  }
}

function* endless(make: (count: number) => string): Generator<string> {
  for (let count = 0; ; count += 1) yield make(count);
}

describe('T30 a client that', () => {
  let world: World;
  let port: string;

  beforeAll(async () => {
    world = await startWorld({ limits: { requestTimeoutSeconds: 1 } });
    ({ port } = new URL(world.issuer));
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const head = (line: string, ...more: string[]) =>
    [line, `Host: 127.0.0.1:${port}`, ...more, '', ''].join('\r\n');
  const form = 'Content-Type: application/x-www-form-urlencoded';

  const dawdlers: { what: string; send: (wire: Wire) => unknown }[] = [
    { what: 'says nothing', send: () => undefined },
    { what: 'stops in the request line', send: ({ socket }) => socket.write('GET /authorize?cli') },
    {
      what: 'stops in its headers',
      send: ({ socket }) => socket.write(head('GET / HTTP/1.1').slice(0, -4)),
    },
    {
      what: 'sends its headers bit by bit',
      send(wire) {
        wire.socket.write(head('GET / HTTP/1.1').slice(0, -2));
        void dribble(
          wire,
          endless((count) => `X-Slow-${count}: 1\r\n`),
        );
      },
    },
    {
      what: 'stops in its body',
      send: ({ socket }) =>
        socket.write(`${head('POST /token HTTP/1.1', form, 'Content-Length: 200')}grant_type=`),
    },
    {
      what: 'sends its body bit by bit',
      send(wire) {
        wire.socket.write(head('POST /authorize HTTP/1.1', form, 'Content-Length: 60000'));
        void dribble(
          wire,
          endless(() => 'a=b&'),
        );
      },
    },
    {
      what: 'sends chunks without end',
      send(wire) {
        wire.socket.write(head('POST /token HTTP/1.1', form, 'Transfer-Encoding: chunked'));
        void dribble(
          wire,
          endless(() => '4\r\na=b&\r\n'),
        );
      },
    },
    {
      what: 'dawdles with a second request',
      send: ({ socket }) => socket.write(`${head('GET /healthz HTTP/1.1')}GET /`),
    },
  ];

  it.concurrent.each(dawdlers)('$what is cut off in time', async ({ what, send }) => {
    const wire = await dial(port);
    send(wire);
    const text = await within(what, wire.ended);
    // the last answer, if there is any, says why (RFC 9110 15.5.9)
    if (text !== '') expect(text).toMatch(/HTTP\/1\.1 408 Request Timeout\r\n(?!.*HTTP\/1\.1 )/s);
  });

  it('sends a body larger than the limit is refused before it is read', async () => {
    const wire = await dial(port);
    wire.socket.write(head('POST /token HTTP/1.1', form, 'Content-Length: 100000000'));
    expect(await within('the answer', wire.ended)).toMatch(/^HTTP\/1\.1 413 /);

    const chunked = await dial(port);
    chunked.socket.write(head('POST /token HTTP/1.1', form, 'Transfer-Encoding: chunked'));
    const flood = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
    chunked.socket.write(flood + flood);
    expect(await within('the answer', chunked.ended)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('sends too long headers is refused', async () => {
    const lines = ['GET / HTTP/1.1', `Host: 127.0.0.1:${port}`];
    const long = `X-Long: ${'a'.repeat(20_000)}`;
    expect((await exchange(port, [...lines, long])).status).toBe(431);
    expect((await exchange(port, [...lines, ...many('X-Many: 12345678', 1500)])).status).toBe(431);
    expect((await exchange(port, [`GET /?${'a'.repeat(20_000)} HTTP/1.1`])).status).toBe(431);
  });

  it('T34 sends so many headers that the last are forgotten hides no proxy behind them', async () => {
    const { pathname, search } = attempt(world.issuer, 'grafana').url;
    const lines = [`GET ${pathname}${search} HTTP/1.1`, `Host: 127.0.0.1:${port}`];
    const answer = await exchange(port, [
      ...lines,
      ...many('a:', 2500),
      'X-Forwarded-For: 1.2.3.4',
    ]);
    expect(answer.text).toMatch(/^location: \S*error=access_denied/im);
    const twoHosts = await exchange(port, [...lines, ...many('a:', 2500), 'Host: evil.example']);
    expect(twoHosts.status).toBe(400);
  });

  it('opens 500 connections and says nothing keeps nobody else from logging in', async () => {
    const wires = await Promise.all(Array.from({ length: 500 }, () => dial(port)));

    const tokens = await within('a login', login(world.browser(), world.issuer));
    expect(tokens.claims['sub']).toBe('userid:1');
    expect(wires.filter(({ socket }) => !socket.destroyed)).not.toHaveLength(0);

    await within('the last is cut off', Promise.all(wires.map(({ ended }) => ended)));
    expect((await new Browser().open(`${world.issuer}/readyz`)).status).toBe(200);
  });
});

function many(line: string, count: number): string[] {
  return Array.from({ length: count }, () => line);
}

describe('T30 more requests than the limit', () => {
  it('are turned away with a time to come back, and let in again afterwards', async () => {
    await using world = await startWorld({ limits: { requestsInFlight: 2 }, whoisCacheSeconds: 0 });
    const { issuer, simulator } = world;
    const { refreshToken } = await login(world.browser(), issuer);
    const whois = '/localapi/v0/whois';
    const asked = () => simulator.requests.get(whois) ?? 0;
    const before = asked();
    simulator.fault('hang', whois);
    const hung = ['127.0.0.1', '127.0.0.2'].map((address) =>
      world.browser(address).open(attempt(issuer, 'grafana').url),
    );
    await until('two requests are under way', () => asked() === before + 2);

    const [page, api, ready, health] = await Promise.all([
      world.browser().open(attempt(issuer, 'grafana').url),
      refresh(issuer, refreshToken),
      new Browser().open(`${issuer}/readyz`),
      new Browser().open(`${issuer}/healthz`),
    ]);

    expect(page.status).toBe(503);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(failure(api)).toBe('503 temporarily_unavailable');
    expect(ready.status).toBe(503);
    expect(json(ready)['problems']).toEqual([expect.stringContaining('too many requests')]);
    for (const answer of [page, api, ready]) {
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    // busy is not dead: who restarts us for it makes it worse
    expect(health.status).toBe(200);

    simulator.fault('none');
    expect((await Promise.all(hung)).map(({ status }) => status)).toEqual([503, 503]);
    await until('it is ready', async () => {
      return (await new Browser().open(`${issuer}/readyz`)).status === 200;
    });
    expect(failure(await refresh(issuer, refreshToken))).toBe('200');
  });
});
