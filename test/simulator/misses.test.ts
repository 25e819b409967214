import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startRecorded } from './fixture.ts';
import { ask } from './local-client.ts';

const whois = (query: string) => `/localapi/v0/whois?addr=${query}`;

/** As seen at tailscaled 1.102.3: it looks for connections that it dialled only where a port is named. */
test.each([
  ['100.64.0.99:0', 404, 0],
  ['100.64.0.99:0&proto=tcp', 404, 0],
  ['100.64.0.99', 404, 0],
  ['100.64.0.99:1&proto=tcp', 404, 1],
  ['100.64.0.99:1', 404, 2],
  ['[fd7a:115c:a1e0::99]:0', 404, 0],
  ['[fd7a:115c:a1e0::99]:50000&proto=tcp', 404, 1],
  ['127.0.0.1:50000&proto=tcp', 404, 1],
  ['100.64.0.4:50000&proto=tcp', 200, 0],
  ['100.64.0.4:50000', 200, 0],
  ['100.64.0.4:0', 200, 0],
  ['nonsense:1', 400, 0],
])('a question about %s', async (query, status, vain) => {
  await using simulator = await startRecorded();
  expect((await ask(simulator.socketPath, whois(query))).status).toBe(status);
  expect(simulator.vainLookups).toBe(vain);
});

test('everybody waits while one looks in vain', async () => {
  await using simulator = await startRecorded();
  const { socketPath } = simulator;
  simulator.missMs = 50;
  const order: string[] = [];
  const asking = async (name: string, path: string) => {
    await ask(socketPath, path);
    order.push(name);
  };
  const miss = asking('miss', whois('127.0.0.1:50000&proto=tcp'));
  await once(simulator, 'request');
  const others = [
    asking('found', whois('100.64.0.4:0')),
    asking('status', '/localapi/v0/status?peers=false'),
  ];
  await Promise.all([miss, ...others]);
  expect(order[0]).toBe('miss');
});
