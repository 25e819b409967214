import type { Attack } from '../attack.ts';
import { attackerAt } from '../people.ts';
import { flood, form, json, type Sent } from '../wire.ts';

/** Nobody of the tailnet. */
const nobody = '127.0.3.1';
const client = JSON.stringify({ redirect_uris: ['https://agent.test/callback'] });
const basic = { authorization: `Basic ${Buffer.from('bench:wrong').toString('base64')}` };

/** Every door where somebody is refused. */
const doors: readonly Sent[] = [
  { path: '/clients/' },
  { path: '/clients/x' },
  { method: 'DELETE', path: '/clients/x' },
  { path: '/clients/new', headers: json, body: client },
  { path: '/new' },
  { path: '/new', headers: form, body: 'name=x' },
  { path: '/edit/x' },
  { path: '/edit/x', headers: form, body: 'name=x' },
  { path: '/register', headers: json, body: client },
  { path: '/register/x', headers: { authorization: 'Bearer x' } },
  { method: 'PUT', path: '/register/x', headers: json, body: client },
  { method: 'DELETE', path: '/register/x', headers: { authorization: 'Bearer x' } },
  { path: '/authorize?client_id=nobody&response_type=code' },
  { path: '/authorize?client_id=bench&response_type=code&redirect_uri=https://evil.test/' },
  { path: '/authorize?client_id=bench&response_type=code&scope=openid&prompt=nonsense' },
  { path: '/interaction/x' },
  { path: '/denied' },
  { path: '/device', headers: form, body: 'user_code=BCDFGHJK' },
  { path: '/userinfo', headers: { authorization: 'Bearer x' } },
  { path: '/token', headers: form, body: 'grant_type=client_credentials' },
  { path: '/token', headers: form, body: 'grant_type=refresh_token&refresh_token=x&client_id=x' },
  { path: '/token', headers: { ...form, ...basic }, body: 'grant_type=refresh_token' },
  { path: '/introspect', headers: { ...form, ...basic }, body: 'token=x' },
  { path: '/revoke', headers: { ...form, ...basic }, body: 'token=x' },
  { path: '/request', headers: { ...form, ...basic }, body: 'request=x' },
  { path: '/device_authorization', headers: form, body: 'client_id=x' },
];

export const strangers: Attack = {
  name: 'strangers',
  what: 'everything that is refused, by a member without rights and by somebody unknown',
  listener: 'demo',
  victims: 'login',
  run(target, signal, begun) {
    begun();
    return flood(
      target,
      8,
      (index) => ({
        ...(doors[index % doors.length] as Sent),
        // another one each round
        from: Math.floor(index / doors.length) % 2 === 0 ? attackerAt().loopback : nobody,
      }),
      signal,
    );
  },
};
