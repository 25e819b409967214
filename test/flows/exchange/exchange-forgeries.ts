import { createPrivateKey, type JsonWebKey, sign } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { World } from '../../world/world.ts';

type Json = Record<string, unknown>;

interface Parts {
  readonly header: Json;
  readonly payload: Json;
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part = ''): Json => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

/** Signs with the daemon's own key: what nobody can do who has not got its database. */
export function signAs(world: World, { header, payload }: Parts): string {
  const path = join(world.directory, 'state', 'tsidp.db');
  const database = new DatabaseSync(path, { readOnly: true });
  const row = database.prepare('SELECT material FROM keys WHERE id = ?').get(String(header['kid']));
  database.close();
  const jwk: JsonWebKey = JSON.parse(String(row?.['material']));
  const input = `${encode(header)}.${encode(payload)}`;
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

/** What becomes of a good JWT in bad hands. Each is refused in every role. */
export function forgeriesOf(world: World, jwt: string): ReadonlyMap<string, string> {
  const [first = '', second = '', signature = ''] = jwt.split('.');
  const header = decode(first);
  const payload = decode(second);
  const now = Math.floor(Date.now() / 1000);
  const withHeader = (more: Json) => `${encode({ ...header, ...more })}.${second}.${signature}`;
  const signed = (more: Json, moreHeader: Json = {}) =>
    signAs(world, { header: { ...header, ...moreHeader }, payload: { ...payload, ...more } });
  const last = signature.at(-1) ?? '';
  const neighbour = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return new Map([
    ['empty parts', '..'],
    ['no JWT', 'eyJ.eyJ.'],
    ['another payload', `${first}.${encode({ ...payload, scope: 'admin' })}.${signature}`],
    ['unsigned', `${encode({ ...header, alg: 'none' })}.${second}.`],
    ['alg none in capitals', `${encode({ ...header, alg: 'None' })}.${second}.`],
    ['alg HS256', withHeader({ alg: 'HS256' })],
    ['alg RS512', withHeader({ alg: 'RS512' })],
    ['alg ES256', withHeader({ alg: 'ES256' })],
    ['unknown kid', withHeader({ kid: 'unknown' })],
    ['no kid', withHeader({ kid: undefined })],
    ['kid as a path', withHeader({ kid: '../../../../dev/null' })],
    ['a key in the header', withHeader({ jwk: { kty: 'oct', k: 'AAAA' } })],
    ['jku', withHeader({ jku: 'https://evil.example/jwks.json' })],
    ['crit', withHeader({ crit: ['b64'], b64: false })],
    ['a huge header', withHeader({ x5c: ['A'.repeat(20_000)] })],
    ['cut', jwt.slice(0, -1)],
    ['longer', `${jwt}A`],
    ['padded', `${jwt}=`],
    ['a space behind', `${jwt} `],
    ['unused bits set', `${jwt.slice(0, -1)}${neighbour[neighbour.indexOf(last) ^ 1]}`],
    ['four parts', `${jwt}.${signature}`],
    ['signed by us: never issued', signed({ jti: 'never-issued-0000000000' })],
    ['signed by us: its bare jti', String(payload['jti'])],
    ['signed by us: expired', signed({ jti: 'expired', iat: now - 600, exp: now - 300 })],
    ['signed by us: from the future', signed({ iat: now + 3600, exp: now + 7200 })],
    ['signed by us: not yet valid', signed({ nbf: now + 3600 })],
    ['signed by us: no iat', signed({ iat: undefined })],
    ['signed by us: another issuer', signed({ iss: 'https://idp.example' })],
    ['signed by us: a logout token', signed({ jti: 'other' }, { typ: 'logout+jwt' })],
    ['signed by us: a nested chain', signed({ jti: 'deep', act: deep(700) })],
  ]);
}

function deep(levels: number): Json {
  let act: Json = { sub: 'node:n' };
  for (let level = 0; level < levels; level += 1) act = { sub: `node:n${level}`, act };
  return act;
}
