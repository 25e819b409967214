import { once } from 'node:events';
import { join } from 'node:path';
import {
  backchannelAddress,
  type Everywhere,
  tailnetAddress,
} from '../flows/listeners/listener-world.ts';
import { dial, type Fields, type Message, type Sent, send } from './send.ts';

export type Caller =
  | 'member'
  | 'tagged'
  | 'foreign'
  | 'expired'
  | 'unknown'
  | 'self'
  | 'trusted proxy'
  | 'local process'
  | 'Funnel stranger';

/** The node of each; the last part of its addresses. */
const places: Readonly<Record<Caller, { node?: string; last: number }>> = {
  member: { node: 'alice', last: 3 },
  tagged: { node: 'ci', last: 5 },
  foreign: { node: 'mallory', last: 7 },
  expired: { node: 'carol', last: 6 },
  unknown: { last: 9 },
  self: { node: 'idp', last: 2 },
  'trusted proxy': { node: 'proxy', last: 8 },
  'local process': { last: 0 },
  'Funnel stranger': { last: 0 },
};

const stranger = '203.0.113.9';
const funnelMark: Fields = [['Tailscale-Funnel-Request', '?1']];

/** How a caller reaches one listener. A `Host` among the fields takes the place of the right one. */
export interface Door {
  send(caller: Caller, message: Message): Promise<Sent>;
}

const isHost = ([name]: readonly [string, string]) => name.toLowerCase() === 'host';

/** Fields with the `Host` of a client that knows where it goes, unless it says another. */
const withHost = (host: string, fields: Fields): Fields =>
  fields.some(isHost) ? fields : [['Host', host], ...fields];

const hostIn = (host: string, fields: Fields) => fields.find(isHost)?.[1] ?? host;

/** The connection itself says who it is. */
function socketDoor(place: { host: string; port: number }, host: string): Door {
  return {
    async send(caller, message) {
      const { last } = places[caller];
      const localAddress = last === 0 ? '127.0.0.1' : `127.0.0.1${last}`;
      const socket = await dial({ ...place, localAddress });
      return send(socket, { ...message, fields: withHost(host, message.fields) });
    },
  };
}

/** tailscaled without TUN dials the listener for its peers and knows the connection while it stands. */
export async function dialledFor(
  { simulator, ports }: Everywhere,
  caller: Caller,
): Promise<Awaited<ReturnType<typeof dial>>> {
  const { node } = places[caller];
  const socket = await dial({
    host: '127.0.0.1',
    port: ports.userspace,
    localAddress: '127.0.0.1',
  });
  const port = socket.localPort ?? 0;
  if (node === undefined) return socket;
  simulator.state.dialled.set(port, node);
  void once(socket, 'close').then(() => simulator.state.dialled.delete(port));
  return socket;
}

/** What tailscaled removes from a request that it hands on. */
const removed =
  /^(host|forwarded|x-forwarded-.*|tailscale-(user-.*|funnel-request|headers-info))$/i;

/** What tailscaled says of a request to the backend behind `tailscale serve`, as recorded. */
export function handedOn(caller: Caller, host: string, fields: Fields): Fields {
  const { last } = places[caller];
  const funnel = caller === 'Funnel stranger';
  const ip = funnel ? stranger : last === 0 ? '127.0.0.1' : `100.64.0.${last}`;
  return [
    ['Host', 'localhost'],
    ...fields.filter(([name]) => !removed.test(name)),
    ['X-Forwarded-For', ip],
    ['X-Forwarded-Host', hostIn(host, fields)],
    ['Tailscale-Headers-Info', 'https://tailscale.com/s/serve-headers'],
    ...(funnel ? funnelMark : []),
  ];
}

export function doorsOf(world: Everywhere) {
  const { ports, stateDirectory, issuer, baseUrl } = world;
  const { host } = new URL(issuer);
  const servePath = join(stateDirectory, 'serve', 'serve.sock');
  const overSocket = (path: string, fields: (caller: Caller, sent: Fields) => Fields): Door => ({
    async send(caller, message) {
      const socket = await dial({ path });
      return send(socket, { ...message, fields: fields(caller, message.fields) });
    },
  });
  return {
    tailnet: socketDoor({ host: tailnetAddress, port: ports.tailnet }, host),
    serve: overSocket(servePath, (caller, sent) => handedOn(caller, host, sent)),
    /** Somebody of our own user or root at the socket itself: nothing is removed. */
    'serve, past tailscaled': overSocket(servePath, (caller, sent) => {
      const fields = sent.filter((field) => !isHost(field));
      return [...handedOn(caller, hostIn(host, sent), []), ...fields];
    }),
    userspace: {
      async send(caller, message) {
        const socket = await dialledFor(world, caller);
        return send(socket, { ...message, fields: withHost(host, message.fields) });
      },
    },
    backchannel: socketDoor({ host: backchannelAddress, port: ports.back }, new URL(baseUrl).host),
    admin: overSocket(join(stateDirectory, 'admin.sock'), (_caller, sent) =>
      withHost('localhost', sent),
    ),
  } as const satisfies Record<string, Door>;
}

export type DoorName = keyof ReturnType<typeof doorsOf>;
