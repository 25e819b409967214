import type { Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { doorsOf, handedOn } from '../../world/callers.ts';
import { attempt } from '../../world/login.ts';
import { dial } from '../../world/send.ts';
import { until } from '../../world/until.ts';
import { type Everywhere, listenEverywhere } from './listener-world.ts';

/** A request over Funnel whose body never comes. */
async function dawdle({ stateDirectory }: Everywhere): Promise<{ socket: Socket; said: string }> {
  const socket = await dial({ path: join(stateDirectory, 'serve', 'serve.sock') });
  const wire = { socket, said: '' };
  socket.on('data', (chunk) => {
    wire.said += String(chunk);
  });
  const form = 'application/x-www-form-urlencoded';
  const fields = handedOn('Funnel stranger', 'idp.tailnet.test', [
    ['Content-Type', form],
    ['Content-Length', '100'],
  ]);
  const lines = fields.map(([name, value]) => `${name}: ${value}`);
  socket.write(`${['POST /token HTTP/1.1', ...lines].join('\r\n')}\r\n\r\ngrant_type=`);
  return wire;
}

it('T30 strangers of the internet that dawdle keep nobody of the tailnet out', async () => {
  await using world = await listenEverywhere({
    limits: { requestsInFlight: 4, requestTimeoutSeconds: 60, drainSeconds: 1 },
  });
  const wires = await Promise.all(Array.from({ length: 6 }, () => dawdle(world)));
  const turnedAway = () => wires.filter(({ said }) => /^HTTP\/1\.1 503 /.test(said));
  await until('some are turned away', () => turnedAway().length > 1);
  await until('they are cut off', () => turnedAway().every(({ socket }) => socket.destroyed));

  const { url } = attempt(world.issuer, 'grafana');
  const message = { path: url.pathname + url.search, fields: [] };
  for (const door of ['tailnet', 'serve'] as const) {
    const answer = await doorsOf(world)[door].send('member', message);
    expect(answer.parameters['code'], answer.body).toBeTruthy();
  }
  for (const { socket } of wires) socket.destroy();
});
