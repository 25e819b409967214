import type { Attack } from '../attack.ts';
import { authorizeUrl } from '../victim.ts';
import { flood } from '../wire.ts';

/** Of devices that are no longer in the tailnet, which tailscaled looks for in vain: mostly one. */
const removedAddress = (index: number): string =>
  `100.64.9.${1 + (index % 4 === 0 ? index % 200 : 0)}`;

export const removed: Attack = {
  name: 'removed',
  what: 'requests for devices that were removed from the tailnet',
  listener: 'serve',
  victims: 'login',
  run(target, signal, begun) {
    begun();
    const path = authorizeUrl(target.client);
    const from = (index: number) => ({ path, forwardedFor: removedAddress(index) });
    return flood(target, 50, from, signal);
  },
};
