import type { TailnetInput } from '../../src/simulator/tailnet.ts';
import type { Way } from '../way.ts';

/**
 * The tailnet of the attacks: a hundred people, each at a device, who log in now and then, and one member with many
 * devices and no rights, who attacks. Nobody has what is not named here.
 */

export const personCount = 100;
export const attackerDevices = 50;

/** Where a person's connections come from on this machine, and in the tailnet. */
export const personAt = (index: number): { loopback: string; address: string; email: string } => ({
  loopback: `127.0.1.${1 + (index % personCount)}`,
  address: `100.64.1.${1 + (index % personCount)}`,
  email: `person-${index % personCount}@example.com`,
});

/** The same of the attacker's devices; most attacks use the first only. */
export const attackerAt = (index = 0): { loopback: string; address: string } => ({
  loopback: `127.0.2.${1 + (index % attackerDevices)}`,
  address: `100.64.2.${1 + (index % attackerDevices)}`,
});

const attacker = 'mallory@example.com';
const all = <T>(count: number, make: (index: number) => [string, T]): Record<string, T> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => make(index)));

export const tailnet: TailnetInput = {
  tailnet: 'tailnet.test',
  self: 'idp',
  status: { tun: false },
  users: {
    [attacker]: { id: '1' },
    ...all(personCount, (index) => [personAt(index).email, { id: String(10 + index) }]),
  },
  nodes: {
    idp: { tags: ['tag:idp'], addresses: ['100.64.0.2'] },
    ...all(personCount, (index) => {
      const { email, address, loopback } = personAt(index);
      return [`person-${index}`, { user: email, addresses: [address], loopback }];
    }),
    ...all(attackerDevices, (index) => {
      const { address, loopback } = attackerAt(index);
      return [`mallory-${index}`, { user: attacker, addresses: [address], loopback }];
    }),
  },
  policy: { grants: [{ src: ['*'], dst: ['*'], ip: ['*'] }] },
};

/** The way to a listener as one person goes it. */
export function wayOf(way: Way, index: number): Way {
  const { loopback, address } = personAt(index);
  if (way.options.socketPath === undefined) {
    return { ...way, options: { ...way.options, localAddress: loopback } };
  }
  return { ...way, headers: { ...way.headers, 'x-forwarded-for': address } };
}
