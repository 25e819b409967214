import { once } from 'node:events';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { attempt } from '../../world/login.ts';
import { dial, send } from '../../world/send.ts';
import { until } from '../../world/until.ts';
import { freePort } from '../../world/world.ts';
import { type ListenerWorld, listenEverywhere, startListening } from './listener-world.ts';

/** Where tailscaled has no TUN device a loopback port is all that a peer's connection has. */
const loopback = (port: number, localPort?: number) => {
  const place = { host: '127.0.0.1', port, localAddress: '127.0.0.1' };
  return dial(localPort === undefined ? place : { ...place, localPort });
};
const decisions = ({ stateDirectory }: ListenerWorld) =>
  auditLog(dirname(stateDirectory)).filter(({ event }) => event === 'login' || event === 'denial');

it('T19 a connection that ends while it is asked about does nothing as the next one with its port', async () => {
  await using world = await listenEverywhere();
  const { simulator, ports, issuer } = world;
  const socket = await loopback(ports.userspace);
  const { localPort = 0 } = socket;
  simulator.on('request', (path) => {
    if (path !== '/localapi/v0/whois' || socket.destroyed) return;
    socket.resetAndDestroy();
    simulator.state.dialled.set(localPort, 'alice');
  });
  const { url } = attempt(issuer, 'grafana');
  socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
  await until('it is decided', () => decisions(world).length > 0);
  expect(decisions(world)).toMatchObject([{ event: 'denial', subject: null }]);
});

it('T19 a tailnet listener on loopback lends nobody the last identity of a port', async () => {
  const port = await freePort();
  await using world = await startListening({
    listen: { type: 'tailnet', plainHttp: true, port, addresses: ['127.0.0.1'] },
    whoisCacheSeconds: 5,
  });
  const { dialled } = world.simulator.state;
  const home = { path: '/', fields: [['Host', 'idp.tailnet.test']] } as const;
  const first = await loopback(port);
  const { localPort = 0 } = first;
  dialled.set(localPort, 'alice');
  expect((await send(first, home, true)).body).toContain('alice@example.com');
  first.resetAndDestroy();
  await once(first, 'close');
  dialled.delete(localPort);

  const second = await until('it is free', () => loopback(port, localPort).catch(() => undefined));

  expect((await send(second, home)).body).toContain('does not come from a device');
});
