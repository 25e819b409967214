import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { LocalApi, LocalApiError } from '../../src/peer/local-api.ts';
import { createWhois } from '../../src/peer/whois.ts';
import { clock, setup } from './asked-whois.ts';
import { fakeTimers } from './fake-timers.ts';
import { recorded, recordedNames } from './recorded.ts';
import { replay, socketDirectory, Tailscaled } from './tailscaled.ts';

describe('recorded answers over a socket', () => {
  test.each(
    recordedNames.filter((name) => name.startsWith('whois-')).map((name) => [name, recorded(name)]),
  )('%s', async (_name, exchange) => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, replay(exchange));
    const api = new LocalApi({ socket: directory.socket });
    const looking = createWhois({ api, clock }).lookup('100.64.0.4', 50_000);
    if (exchange.status === 400) {
      await expect(looking).rejects.toMatchObject({ code: 'status', status: 400 });
      await expect(looking).rejects.toThrow(exchange.body.trim());
    } else {
      const kind = exchange.status === 200 ? 'found' : 'unknown';
      expect(await looking).toMatchObject({ kind });
    }
    expect(tailscaled.asked).toEqual(['/localapi/v0/whois?addr=100.64.0.4%3A0']);
    api.close();
  });

  test('a 404 that is not about the peer is no answer', async () => {
    const { look } = setup();
    await expect(look('not-found')).rejects.toMatchObject({ code: 'status', status: 404 });
  });

  test('not allowed to ask', async () => {
    const { whois, asked } = setup();
    const looking = whois.lookup('100.64.0.4', 1);
    asked[0]?.resolve({ status: 403, headers: {}, text: 'whois access denied\n' });
    await expect(looking).rejects.toMatchObject({ code: 'forbidden', status: 403 });
  });

  test('an IPv6 address is asked in brackets', async () => {
    const { look, asked } = setup();
    await look('whois-ipv6', 'fd7a:115c:a1e0::4');
    const url = new URL(asked[0]?.path ?? '', 'http://localhost');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      addr: '[fd7a:115c:a1e0::4]:0',
    });
  });
});

describe('T31 tailscaled hangs, dies and comes back', () => {
  test('a hung tailscaled costs the time limit, then an error, and recovery is by itself', async () => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, () => undefined);
    const api = new LocalApi({ socket: directory.socket, timeoutMs: 100 });
    const whois = createWhois({ api, clock });
    using timers = fakeTimers();
    const lookups = Array.from({ length: 50 }, () => whois.lookup('100.64.0.4', 1));
    const settled = Promise.allSettled(lookups);
    await once(tailscaled, 'request');
    timers.pass(100);
    const outcomes = await settled;
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'timeout' } });
    }
    expect(tailscaled.asked).toHaveLength(1);
    tailscaled.answer = replay(recorded('whois-user'));
    expect(await whois.lookup('100.64.0.4', 1)).toMatchObject({ kind: 'found' });
    api.close();
  });

  test('absent, started, stopped, started again', async () => {
    await using directory = await socketDirectory();
    const { socket } = directory;
    const api = new LocalApi({ socket });
    const whois = createWhois({ api, clock, cacheSeconds: 0 });
    await expect(whois.lookup('100.64.0.4', 1)).rejects.toMatchObject({ code: 'absent' });
    for (let life = 0; life < 2; life += 1) {
      await using _tailscaled = await Tailscaled.listen(socket, replay(recorded('whois-user')));
      expect(await whois.lookup('100.64.0.4', 1)).toMatchObject({ kind: 'found' });
    }
    await expect(whois.lookup('100.64.0.4', 1)).rejects.toBeInstanceOf(LocalApiError);
    api.close();
  });
});
