import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Waiting = readonly [IncomingMessage, ServerResponse];

interface Line {
  readonly socket: Socket;
  underWay: number;
  waiting: Waiting[];
}

export interface InTurnOptions {
  /** Requests of one connection that are worked on at once. */
  readonly perConnection: number;
  /** A connection that sent more than can wait has ended. */
  readonly onEnded: (socket: Socket) => void;
}

/**
 * Requests that wait on all connections together. Node reads 64 KiB at once, which may hold 2500 requests, each a few
 * KiB as the objects that it makes of them; no client of ours has ever been seen to send even two ahead.
 */
const maxWaiting = 8192;

/**
 * Works on a few requests of each connection at a time; those that were sent ahead (RFC 9112 9.3.2) wait, and as long
 * as any does, nothing more is read from there. Node itself begins all of them at once (T36). Of those that wait, on
 * all connections together, one is begun in each turn of the event loop: what is answered at once would follow one
 * upon the other within a single turn, while nobody else is read.
 */
export function createTurns({ perConnection, onEnded }: InTurnOptions) {
  const lines = new WeakMap<Socket, Line>();
  /** Those that may go on, in the order in which they could. */
  const ready = new Set<Line>();
  let isTurning = false;
  let waitingOfAll = 0;

  const lineOf = (socket: Socket): Line => {
    const known = lines.get(socket);
    if (known) return known;
    const line: Line = { socket, underWay: 0, waiting: [] };
    lines.set(socket, line);
    // Node goes on reading whenever a body was read to its end
    socket.on('resume', () => {
      if (line.waiting.length > 0) socket.pause();
    });
    socket.on('close', () => forget(line));
    return line;
  };
  const forget = (line: Line): void => {
    waitingOfAll -= line.waiting.length;
    line.waiting = [];
    ready.delete(line);
  };

  return (answer: RequestListener): RequestListener => {
    const begin = (line: Line, [request, response]: Waiting): void => {
      line.underWay += 1;
      response.once('close', () => {
        line.underWay -= 1;
        proceed(line);
      });
      answer(request, response);
    };
    const proceed = (line: Line): void => {
      if (line.waiting.length > 0) {
        ready.add(line);
        if (!isTurning) setImmediate(turn);
        isTurning = true;
      } else if (line.socket.isPaused()) line.socket.resume();
    };
    const turn = (): void => {
      isTurning = false;
      const [line] = ready;
      if (line === undefined) return;
      ready.delete(line);
      const next = line.waiting.shift();
      if (next) {
        waitingOfAll -= 1;
        begin(line, next);
      }
      // behind the others
      if (line.underWay < perConnection) proceed(line);
      const [another] = ready;
      if (another) proceed(another);
    };

    return (request, response) => {
      const { socket } = request;
      // what came in the same piece as the one that ended it
      if (socket.destroyed) return;
      const line = lineOf(socket);
      if (line.underWay < perConnection && line.waiting.length === 0) {
        begin(line, [request, response]);
        return;
      }
      if (waitingOfAll >= maxWaiting) {
        socket.destroy();
        forget(line);
        onEnded(socket);
        return;
      }
      waitingOfAll += 1;
      // once Node is through with the piece that it has read, or it would go on reading for the next request
      const isFirst = line.waiting.push([request, response]) === 1;
      if (isFirst) process.nextTick(() => line.waiting.length > 0 && socket.pause());
    };
  };
}
