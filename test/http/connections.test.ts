import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { until } from '../world/until.ts';
import { countAnswers, type Guarded, openGuarded } from './guarded.ts';

const get = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

/** `/wait` is answered never, `/as/x` makes the connection x's. */
function answer(site: () => Guarded) {
  return ({ url = '', socket }: IncomingMessage, response: ServerResponse): void => {
    if (url === '/wait') return;
    const [, owner] = /^\/as\/(.*)$/.exec(url) ?? [];
    if (owner !== undefined) {
      site().guard.connections.claim(socket, owner === 'many' ? undefined : owner);
    }
    response.end();
  };
}

async function openSite(
  way: 'plain HTTP' | 'TLS',
  perPeer: number,
  total?: number,
): Promise<Guarded> {
  const site: Guarded = await openGuarded({
    way,
    limits: { connectionsPerPeer: perPeer },
    ...(total === undefined ? {} : { total }),
    answer: answer(() => site),
  });
  return site;
}

async function openMany(site: Guarded, count: number, from = '127.0.0.1'): Promise<Socket[]> {
  const sockets: Socket[] = [];
  // one after another: which is the oldest is known
  for (let at = 0; at < count; at += 1) sockets.push(await site.open(from));
  return sockets;
}

const ask = async (socket: Socket, path?: string): Promise<void> => {
  const answered = countAnswers(socket);
  socket.write(get(path));
  await until(`an answer to ${path}`, () => answered() === 1);
};

const closed = (sockets: readonly Socket[]) => sockets.map(({ destroyed }) => destroyed);

describe.each(['plain HTTP', 'TLS'] as const)('T38 connections over %s', (way) => {
  it('of one peer: the oldest idle one goes, and the others stay', async () => {
    await using site = await openSite(way, 4);
    const other = await site.open('127.0.0.2');
    const sockets = await openMany(site, 4);
    const [first, second] = sockets;
    if (!first || !second) throw new Error('not open');
    // the first has been of use since the second was
    await ask(first);
    const gone = once(second, 'close');
    const fifth = await site.open();
    await gone;
    expect(closed(sockets)).toEqual([false, true, false, false]);
    await ask(fifth);
    await ask(first);
    await ask(other);
    expect(site.tally.drops()).toEqual({ idleConnections: 1 });
  });

  it('of one peer that are all at work: one more is refused, others come in', async () => {
    await using site = await openSite(way, 3);
    const sockets = await openMany(site, 3);
    for (const socket of sockets) socket.write(get('/wait'));
    await until('all are at work', () => site.begun() === 3);
    await site.open().then(
      (socket) => once(socket, 'close'),
      () => undefined,
    );
    expect(site.tally.drops()).toEqual({ connections: 1 });
    expect(closed(sockets)).toEqual([false, false, false]);
    await ask(await site.open('127.0.0.2'));
    // room again, once one has ended
    sockets[0]?.destroy();
    await until('there is room', async () => {
      const socket = await site.open().catch(() => undefined);
      if (!socket) return false;
      socket.write(get());
      return Promise.race([
        once(socket, 'data').then(() => true),
        once(socket, 'close').then(() => false),
      ]);
    });
  });

  it('of all together: whoever has most idle ones gives up the oldest', async () => {
    await using site = await openSite(way, 6, 8);
    const victim = await site.open('127.0.0.2');
    const sockets = [...(await openMany(site, 5)), ...(await openMany(site, 2, '127.0.0.3'))];
    const [first] = sockets;
    if (!first) throw new Error('not open');
    const gone = once(first, 'close');
    await ask(await site.open('127.0.0.4'));
    await gone;
    await ask(victim);
    expect(closed(sockets)).toEqual([true, ...Array.from({ length: 6 }, () => false)]);
    expect(site.tally.drops()).toEqual({ fullConnections: 1 });
  });

  it('count for whom they turn out to be', async () => {
    await using site = await openSite(way, 4);
    const sockets = await openMany(site, 4);
    for (const socket of sockets) await ask(socket, '/as/grafana');
    // its address has room again; the client has not
    const fifth = await site.open();
    const [first] = sockets;
    const gone = first && once(first, 'close');
    await ask(fifth, '/as/grafana');
    await gone;
    expect(closed(sockets)).toEqual([true, false, false, false]);
    expect(site.tally.drops()).toEqual({ idleConnections: 1 });
  });

  it('of a proxy that carries many people have no share', async () => {
    await using site = await openSite(way, 4);
    const sockets: Socket[] = [];
    for (let count = 0; count < 20; count += 1) {
      const socket = await site.open();
      await ask(socket, '/as/many');
      sockets.push(socket);
    }
    // nor have those of which nothing is known yet
    sockets.push(...(await openMany(site, 20)));
    expect(closed(sockets)).not.toContain(true);
    expect(site.tally.drops()).toEqual({});
  });

  it('that come and go leave nothing behind', async () => {
    await using site = await openSite(way, 2, 3);
    for (let count = 0; count < 20; count += 1) {
      const socket = await site.open(`127.0.0.${(count % 3) + 1}`);
      if (count % 2 === 0) await ask(socket, `/as/${count % 4}`);
      // the server has heard of it before it ends
      socket.end(get());
      await once(socket.resume(), 'close');
    }
    expect(site.tally.drops()).toEqual({});
  });
});
