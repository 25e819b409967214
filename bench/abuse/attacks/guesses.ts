import type { Attack } from '../attack.ts';
import { attackerAt } from '../people.ts';
import { flood, form } from '../wire.ts';

/** From the public internet, where one subscriber has a whole /64, and from a device of the tailnet in between. */
export const guesses: Attack = {
  name: 'guesses',
  what: "guesses of a client's secret, each from another address of one IPv6 /64",
  listener: 'serve',
  victims: 'login',
  run(target, signal, begun) {
    begun();
    return flood(
      target,
      8,
      (index) => {
        const guess = `${target.client.id}:guess-number-${index}`;
        const subscriber = `2001:db8:1:1::${(1 + index).toString(16)}`;
        return {
          path: '/token',
          headers: { ...form, authorization: `Basic ${Buffer.from(guess).toString('base64')}` },
          body: 'grant_type=authorization_code&code=x&redirect_uri=https%3A%2F%2Fapp.test%2F',
          forwardedFor: index % 8 === 0 ? attackerAt().address : subscriber,
        };
      },
      signal,
    );
  },
};
