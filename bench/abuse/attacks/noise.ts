import { setTimeout as pause } from 'node:timers/promises';
import type { Answers, Attack, Target } from '../attack.ts';
import { count, dial, flood, holdConnections } from '../wire.ts';

const limit = 100;

/** Twice as many requests as there is room for, and more on top of them that are turned away. */
export const shed: Attack = {
  name: 'shed',
  what: 'requests beyond the number that may be under way',
  listener: 'demo',
  victims: 'login',
  settings: { limits: { requestsInFlight: limit } },
  async run(target, signal, begun) {
    const stopped = (socket: { write(text: string): void }) =>
      socket.write(
        `POST /token HTTP/1.1\r\nHost: ${new URL(target.issuer).host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n`,
      );
    const [held, turnedAway] = await Promise.all([
      holdConnections(target, 2 * limit, stopped, signal, begun),
      flood(target, 8, () => ({ path: '/userinfo' }), signal),
    ]);
    for (const [name, times] of Object.entries(held)) {
      turnedAway[name] = (turnedAway[name] ?? 0) + times;
    }
    return turnedAway;
  },
};

/** Bytes that are no request, each on a connection of its own. */
const nonsense = ({ issuer }: Target): readonly string[] => {
  const host = `Host: ${new URL(issuer).host}`;
  return [
    'NONSENSE\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    `GET / HTTP/9.9\r\n${host}\r\n\r\n`,
    `GET /%zz HTTP/1.1\r\n${host}\r\n\r\n`,
    `GET /authorize?${'a'.repeat(30_000)} HTTP/1.1\r\n${host}\r\n\r\n`,
    `POST /token HTTP/1.1\r\n${host}\r\nContent-Length: -1\r\n\r\n`,
    `POST /token HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST /token HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    'GET / HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
  ];
};

export const malformed: Attack = {
  name: 'malformed',
  what: 'what is no HTTP, and connections that break off',
  listener: 'demo',
  victims: 'login',
  async run(target, signal, begun) {
    const answers: Answers = {};
    const texts = nonsense(target);
    let index = 0;
    const worker = async (): Promise<void> => {
      while (!signal.aborted) {
        const socket = await dial(target, signal);
        if (!socket) {
          await pause(5);
          continue;
        }
        const closed = new Promise((done) => socket.once('close', done));
        const text = texts[index++ % texts.length] as string;
        socket.once('data', (chunk: Buffer) => {
          count(answers, /^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1'))?.[1] ?? 'unread');
          socket.destroy();
        });
        socket.write(text);
        // half of them do not wait for what is said to that
        if (index % 2 === 0) setTimeout(() => socket.destroy(), 5);
        await Promise.race([closed, pause(500)]);
        socket.destroy();
        count(answers, 'sent');
      }
    };
    begun();
    await Promise.all(Array.from({ length: 8 }, worker));
    return answers;
  },
};
