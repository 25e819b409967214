import { readFile } from 'node:fs/promises';
import { parseLossless } from '../../src/peer/lossless-json.ts';
import { parseHujson } from '../../src/simulator/hujson.ts';
import { readTailnet } from '../../src/simulator/tailnet.ts';
import type { World } from './world.ts';

export type Claims = Record<string, unknown>;

export interface Recorded {
  readonly policy: { readonly grants: unknown[] };
  readonly people: Record<
    'alice' | 'bob',
    { readonly idToken: Claims; readonly userinfo: Claims; readonly introspection: Claims }
  >;
}

const file = new URL('../fixtures/upstream/tsidp-answers.json', import.meta.url);
/** What tsidp answered for the same whois answers. */
export const recorded = parseHujson(await readFile(file, 'utf8'), 'tsidp-answers.json') as Recorded;

const cap = 'tailscale.com/cap/tsidp';
const rule = (src: string, rules: unknown[]) => ({
  src: [src],
  dst: ['tag:idp'],
  app: { [cap]: rules },
});
const oddClaims = parseLossless(`{
  "nested": { "b": [ { "deep": null }, true ], "a": "ü" },
  "list": ["z", "a", "m", "a"],
  "big": 18446744073709551615, "precise": 0.12345678901234567890, "small": 1e-7, "zero": 0,
  "empty": "", "nothing": null, "no": false,
  "sub": "userid:1", "aud": "x", "iss": "https://evil.example", "exp": 9999999999, "iat": 1, "nbf": 1,
  "jti": "x", "nonce": "x", "auth_time": 1, "acr": "x", "azp": "x", "at_hash": "x", "client_id": "x",
  "key": "x", "addresses": [], "nid": 1, "node": "x", "tailnet": "x", "tags": ["tag:x"], "user": "x",
  "uid": 1, "username": "admin", "email": "admin@example.com", "email_verified": true, "act": {}, "scope": "x"
}`);

/** The recordings' tailnet, and people that others have trouble with. Connections come from loopback here. */
const tailnet = {
  tailnet: 'tailnet.test',
  self: 'idp',
  status: { tun: false },
  users: {
    'alice@example.com': { id: 1, displayName: 'Alice Ångström' },
    'bob@example.com': { id: 2 },
    carol: { id: 3 },
    'alice@github': { id: 4, displayName: 'Alice on GitHub' },
    'dora@passkey': { id: 5, displayName: '', picture: 'https://pictures.example/dora.png' },
    'žofie@příklad.example': { id: 6, displayName: '王小明 "\\\u0007' },
    'big@example.com': { id: '9007199254740993' },
    'big2@example.com': { id: '9007199254740994' },
    'eve@example.com': { id: 7 },
  },
  nodes: {
    idp: { id: 2, tags: ['tag:idp'], addresses: ['100.64.0.2'] },
    alice: {
      ...device(3, 'alice@example.com', 1),
      key: recorded.people.alice.idToken['key'],
    },
    bob: { ...device(4, 'bob@example.com', 2), key: recorded.people.bob.idToken['key'] },
    carol: device(5, 'carol', 3),
    github: device(6, 'alice@github', 4),
    passkey: device(7, 'dora@passkey', 5),
    zofie: device(8, 'žofie@příklad.example', 6),
    big: device('9007199254740997', 'big@example.com', 7),
    big2: device(10, 'big2@example.com', 8),
    eve: device(11, 'eve@example.com', 9),
  },
  policy: {
    ...recorded.policy,
    grants: [
      ...recorded.policy.grants,
      rule('eve@example.com', [
        { extraClaims: oddClaims, includeInUserInfo: true },
        { extraClaims: { private: 'ID token only', list: ['b', 'a'] }, groups: ['ops', 'dev'] },
        { extraClaims: 'malformed', groups: ['never'] },
        { groups: ['dev', 'qa'] },
      ]),
    ],
  },
};

function device(id: number | string, user: string, loopback: number) {
  const addresses = [`100.64.0.${loopback + 2}`, `fd7a:115c:a1e0::${loopback + 2}`];
  return { id, user, addresses, loopback: `127.0.0.${loopback}` };
}

/** Puts that tailnet in place of the world's own. */
export async function movePeopleIn({ simulator }: World): Promise<void> {
  simulator.replaceTailnet(await readTailnet(tailnet, 'people', '.'));
}
