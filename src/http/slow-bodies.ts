import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

export interface SlowBodiesOptions {
  /** What a body must come with, on average, once it had its grace. */
  readonly bytesPerSecond: number;
  /** Default 5000: a packet may be lost twice, and a form has only one. */
  readonly graceMs?: number;
  /** Called with the request that was ended. */
  readonly onEnded: (request: IncomingMessage) => void;
  /** Between two looks; default 1000. */
  readonly checkMs?: number;
}

export interface SlowBodies {
  /** Watches the bodies of what it passes on. */
  watch(answer: RequestListener): RequestListener;
  stop(): void;
}

interface Coming {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  sinceMs: number;
  /** Of the connection, when the body began. */
  bytesBefore: number;
}

/**
 * Ends requests whose body comes more slowly than any client sends one: each holds a place of its sender for as long
 * as it may take (T38).
 */
export function createSlowBodies({
  bytesPerSecond,
  onEnded,
  graceMs = 5000,
  checkMs = 1000,
}: SlowBodiesOptions): SlowBodies {
  const coming = new Set<Coming>();
  const isSlow = (one: Coming, nowMs: number): boolean => {
    const { request } = one;
    const { bytesRead } = request.socket;
    if (request.readableLength >= request.readableHighWaterMark) {
      // we are the slow ones: its time begins when we have read
      one.sinceMs = nowMs;
      one.bytesBefore = bytesRead;
    }
    const ageMs = nowMs - one.sinceMs;
    return ageMs >= graceMs && bytesRead - one.bytesBefore < (bytesPerSecond * ageMs) / 1000;
  };
  const look = (): void => {
    const nowMs = performance.now();
    for (const one of coming) {
      const { request, response } = one;
      if (request.complete || request.destroyed || request.socket.destroyed) coming.delete(one);
      else if (isSlow(one, nowMs)) {
        coming.delete(one);
        onEnded(request);
        endWith408(request, response);
      }
    }
  };
  const timer = setInterval(look, checkMs);
  timer.unref();
  return {
    watch: (answer) => (request, response) => {
      const { headers, socket } = request;
      if (!request.complete && ('content-length' in headers || 'transfer-encoding' in headers)) {
        const one = {
          request,
          response,
          sinceMs: performance.now(),
          bytesBefore: socket.bytesRead,
        };
        coming.add(one);
        request.once('close', () => coming.delete(one));
      }
      answer(request, response);
    },
    stop: () => clearInterval(timer),
  };
}

/** RFC 9110 15.5.9. Nothing of another answer may have gone out on the connection. */
function endWith408({ socket }: IncomingMessage, response: ServerResponse): void {
  // it has the connection only when it is its turn
  if (response.socket === socket && !response.headersSent && socket.writable) {
    socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
  }
  socket.destroySoon();
}
