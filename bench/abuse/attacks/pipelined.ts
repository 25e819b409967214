import { setTimeout as pause } from 'node:timers/promises';
import type { Answers, Attack, Target } from '../attack.ts';
import { count, dial } from '../wire.ts';

const requests = 70_000;
const piece = 1000;

/** As many requests as fit on one connection, none of which waits for the answer to another. */
const pipelined = (name: string, what: string, reads: boolean): Attack => ({
  name,
  what,
  listener: 'demo',
  victims: 'login',
  async run(target, signal, begun) {
    const answers: Answers = {};
    const bytes = Buffer.from(head(target).repeat(piece));
    begun();
    while (!signal.aborted) await one(target, bytes, reads, answers, signal);
    return answers;
  },
});

const head = ({ issuer }: Target): string =>
  [
    'GET /userinfo HTTP/1.1',
    `Host: ${new URL(issuer).host}`,
    'Authorization: Bearer nobodys-token-that-is-about-as-long-as-one',
    '',
    '',
  ].join('\r\n');

async function one(
  target: Target,
  bytes: Buffer,
  reads: boolean,
  answers: Answers,
  signal: AbortSignal,
): Promise<void> {
  const socket = await dial(target, signal);
  if (!socket) {
    count(answers, 'cut');
    await pause(50);
    return;
  }
  const closed = new Promise<void>((done) => socket.once('close', () => done()));
  if (reads) {
    socket.on('data', (chunk: Buffer) => {
      for (const [, status = ''] of chunk.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
        count(answers, status);
      }
    });
  }
  for (let sent = 0; sent < requests && !socket.destroyed; sent += piece) {
    answers['sent'] = (answers['sent'] ?? 0) + piece;
    // what the daemon doesn't take stays here, not in memory
    if (socket.write(bytes)) continue;
    await Promise.race([new Promise((done) => socket.once('drain', done)), closed]);
  }
  // the last answers, or the daemon's own end of it
  await closed;
}

export const pipelinedRead = pipelined(
  'pipelined',
  '70 000 requests on one connection, none waiting for an answer',
  true,
);
export const pipelinedUnread = pipelined(
  'pipelined-unread',
  'the same, whose answers nobody reads',
  false,
);
