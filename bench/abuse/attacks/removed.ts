import type { Attack } from '../attack.ts';
import { authorizeUrl } from '../victim.ts';
import { flood } from '../wire.ts';

/** Of a device that is no longer in the tailnet, which tailscaled looks for in vain. */
const removedAddress = '100.64.9.9';

export const removed: Attack = {
  name: 'removed',
  what: 'requests for one device that was removed from the tailnet',
  listener: 'serve',
  victims: 'login',
  run(target, signal, begun) {
    begun();
    const path = authorizeUrl(target.client);
    return flood(target, 50, () => ({ path, forwardedFor: removedAddress }), signal);
  },
};
