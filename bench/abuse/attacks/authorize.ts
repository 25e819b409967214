import type { Attack } from '../attack.ts';
import { flood, form, type Sent } from '../wire.ts';

const long = 'x'.repeat(60_000);

/** Every login begins a session and a code; nothing is redeemed. */
export const authorize: Attack = {
  name: 'authorize',
  what: 'logins that are never redeemed, half of them with 60 KB of state or nonce',
  listener: 'demo',
  victims: 'login',
  // codes live for 60 s, and the sweep takes them a minute later
  settleSeconds: 130,
  run(target, signal, begun) {
    const { id, redirectUri } = target.client;
    const query = { client_id: id, response_type: 'code', redirect_uri: redirectUri };
    const asked = (more: Record<string, string>) =>
      new URLSearchParams({ ...query, scope: 'openid profile email', ...more }).toString();
    const posted = (more: Record<string, string>): Sent => ({
      path: '/authorize',
      headers: form,
      body: asked(more),
    });
    const kinds: readonly Sent[] = [
      { path: `/authorize?${asked({ state: 'short' })}` },
      { path: `/authorize?${asked({ prompt: 'login', state: 'short' })}` },
      posted({ state: long }),
      posted({ nonce: long }),
    ];
    begun();
    return flood(target, 8, (index) => kinds[index % kinds.length] as Sent, signal);
  },
};
