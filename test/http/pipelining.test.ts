import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { until } from '../world/until.ts';
import { countAnswers, openGuarded, ways } from './guarded.ts';

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (length: number) =>
  `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${'a'.repeat(length)}`;

describe.each(ways)('T36 requests that are sent ahead over %s', (way) => {
  it('are begun a few at a time, and nothing more is read meanwhile', async () => {
    const open: ServerResponse[] = [];
    let most = 0;
    await using site = await openGuarded({
      way,
      limits: { requestsInFlightPerConnection: 4 },
      answer(_request, response) {
        open.push(response);
        most = Math.max(most, open.length);
      },
    });
    const flood = await site.open();
    const answered = countAnswers(flood);
    const sent = 69_000;
    flood.write(get.repeat(sent));
    await until('four are under way', () => open.length === 4);
    // others come and go, while the flood would be read
    for (let count = 0; count < 50; count += 1) {
      const other = await site.open();
      other.write(get);
      await until('the other one is here', () => open.length === 5);
      open.pop()?.end('here');
      await until('it is answered', () => open.length === 4);
      other.destroy();
    }
    expect(open).toHaveLength(4);
    expect(site.begun()).toBeLessThan(10_000);

    const finish = setInterval(() => {
      for (const response of open.splice(0)) response.end();
    }, 0);
    await until('a thousand are answered', () => answered() >= 1000, 20_000);
    clearInterval(finish);
    expect(most).toBe(5);
    flood.destroy();
  });

  it('are all answered, in their order, bodies or not', async () => {
    await using site = await openGuarded({
      way,
      limits: { requestsInFlightPerConnection: 3 },
      answer(request, response) {
        let length = 0;
        request.on('data', (chunk: Buffer) => {
          length += chunk.length;
        });
        request.on('end', () => response.end(`<${length}>`));
      },
    });
    const socket = await site.open();
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    const lengths = Array.from({ length: 600 }, (_, at) => (at % 7 === 0 ? 0 : (at * 37) % 5000));
    socket.write(lengths.map((length) => (length === 0 ? get : post(length))).join(''));
    await until('the last answer', () => text.split('>').length > 600, 20_000);
    expect([...text.matchAll(/<(\d+)>/g)].map(([, length]) => Number(length))).toEqual(lengths);
    socket.destroy();
  });

  it('are begun in many turns of the event loop, though each is answered at once', async () => {
    let inThisTurn = 0;
    let most = 0;
    await using site = await openGuarded({
      way,
      limits: { requestsInFlightPerConnection: 8 },
      answer(_request, response) {
        inThisTurn += 1;
        most = Math.max(most, inThisTurn);
        if (inThisTurn === 1) {
          setImmediate(() => {
            inThisTurn = 0;
          });
        }
        response.end();
      },
    });
    const floods = await Promise.all([1, 2, 3].map(() => site.open()));
    const answered = floods.map(countAnswers);
    const sent = 2000;
    for (const socket of floods) socket.write(get.repeat(sent));
    await until('all are answered', () => answered.every((count) => count() === sent), 20_000);
    // of each connection as many as are worked on at once, when it is read, and one more
    expect(most).toBeLessThanOrEqual(3 * 8 + 1);
    for (const socket of floods) socket.destroy();
  });

  it('without any end close their connection, and nobody else’s', async () => {
    await using site = await openGuarded({
      way,
      limits: { requestsInFlightPerConnection: 1 },
      answer: ({ url }, response) => void (url === '/wait' ? undefined : response.end()),
    });
    const wait = 'GET /wait HTTP/1.1\r\nHost: x\r\n\r\n';
    const floods = await Promise.all(Array.from({ length: 8 }, () => site.open()));
    const ended: Promise<void>[] = floods.map(
      (socket) => new Promise((resolve) => void socket.on('close', () => resolve())),
    );
    for (const socket of floods) socket.write(wait + get.repeat(20_000));
    await Promise.race(ended);
    expect(site.tally.drops().pipelining).toBeGreaterThan(0);

    const other = await site.open();
    const answered = countAnswers(other);
    other.write(get);
    await until('it is answered', () => answered() === 1);
    for (const socket of [...floods, other]) socket.destroy();
  });
});
