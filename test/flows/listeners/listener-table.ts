import type { Caller, DoorName } from '../../world/callers.ts';
import type { Fields } from '../../world/send.ts';

/**
 * Who a request turns out to be: a subject, the code of a refusal, or the status of an answer that comes before
 * anybody asks.
 */
export type Outcome = `userid:${string}` | RefusalName | 400 | 404 | 421;
type RefusalName = 'machine' | 'foreign' | 'expired' | 'unknown' | 'self' | 'proxied';

/** Whom each listener takes each caller for, who sends nothing but what a browser sends. */
export const callers: Readonly<Record<DoorName, Readonly<Record<Caller, Outcome | undefined>>>> = {
  tailnet: {
    member: 'userid:1',
    tagged: 'machine',
    foreign: 'foreign',
    expired: 'expired',
    unknown: 'unknown',
    self: 'self',
    'trusted proxy': 'proxied',
    'local process': 'unknown',
    // Funnel hands everything to serve
    'Funnel stranger': undefined,
  },
  serve: {
    member: 'userid:1',
    tagged: 'machine',
    foreign: 'foreign',
    expired: 'expired',
    unknown: 'unknown',
    self: 'self',
    'trusted proxy': 'machine',
    'local process': 'unknown',
    'Funnel stranger': 404,
  },
  'serve, past tailscaled': {
    member: 'userid:1',
    tagged: 'machine',
    foreign: 'foreign',
    expired: 'expired',
    unknown: 'unknown',
    self: 'self',
    'trusted proxy': 'machine',
    'local process': 'unknown',
    'Funnel stranger': 404,
  },
  userspace: {
    member: 'userid:1',
    tagged: 'machine',
    foreign: 'foreign',
    expired: 'expired',
    unknown: 'unknown',
    self: 'self',
    'trusted proxy': 'machine',
    'local process': 'unknown',
    'Funnel stranger': undefined,
  },
  // whois would know the addresses of most of them
  backchannel: {
    member: 404,
    tagged: 404,
    foreign: 404,
    expired: 404,
    unknown: 404,
    self: 404,
    'trusted proxy': 404,
    'local process': 404,
    'Funnel stranger': undefined,
  },
  admin: {
    member: undefined,
    tagged: undefined,
    foreign: undefined,
    expired: undefined,
    unknown: undefined,
    self: undefined,
    'trusted proxy': undefined,
    'local process': 404,
    'Funnel stranger': undefined,
  },
};

export type Forgery = keyof typeof forgeries;

/** Everything that a client may say to be somebody else, or somewhere else. */
export const forgeries = {
  'identity headers': [
    ['Tailscale-User-Login', 'bob@example.com'],
    ['Tailscale-User-Name', 'Bob'],
    ['Tailscale-User-Profile-Pic', 'https://pictures.example/bob.png'],
    ['Tailscale-App-Capabilities', '{"tailscale.com/cap/tsidp":[{"allow_admin_ui":true}]}'],
    ['X-Webauth-User', 'bob@example.com'],
    ['Remote-User', 'bob@example.com'],
    ['X-Remote-Addr', '100.64.0.4'],
    ['X-Tailscale-Whois', 'bob@example.com'],
  ],
  'X-Forwarded-For': [['X-Forwarded-For', '100.64.0.4']],
  'X-Forwarded-For, a list': [['X-Forwarded-For', '203.0.113.7, 100.64.0.4']],
  'X-Forwarded-Host': [['X-Forwarded-Host', 'idp.tailnet.test']],
  'X-Forwarded-Proto': [['X-Forwarded-Proto', 'https']],
  Forwarded: [['Forwarded', 'for=100.64.0.4;host=idp.tailnet.test;proto=https']],
  Via: [['Via', '1.1 proxy']],
  'X-Real-IP': [['X-Real-IP', '100.64.0.4']],
  'a mark of Funnel': [['Tailscale-Funnel-Request', '?1']],
  'no mark of Funnel': [['Tailscale-Funnel-Request', '?0']],
  'a foreign Host': [['Host', 'evil.example']],
  'our address as Host': [['Host', '100.64.0.2']],
  'an origin': [
    ['Origin', 'https://evil.example'],
    ['Sec-Fetch-Site', 'cross-site'],
  ],
} as const satisfies Record<string, Fields>;

/** What a forgery makes of everybody; `same`: nothing. */
type Effect = Outcome | 'same';

const untouched: Record<Forgery, Effect> = {
  'identity headers': 'same',
  'X-Forwarded-For': 'same',
  'X-Forwarded-For, a list': 'same',
  'X-Forwarded-Host': 'same',
  'X-Forwarded-Proto': 'same',
  Forwarded: 'same',
  Via: 'same',
  'X-Real-IP': 'same',
  'a mark of Funnel': 'same',
  'no mark of Funnel': 'same',
  'a foreign Host': 421,
  'our address as Host': 'same',
  'an origin': 'same',
};

/** A direct connection that carries a proxy's headers came through a proxy (T34). */
const direct: Record<Forgery, Effect> = {
  ...untouched,
  'X-Forwarded-For': 'proxied',
  'X-Forwarded-For, a list': 'proxied',
  'X-Forwarded-Host': 'proxied',
  'X-Forwarded-Proto': 'proxied',
  Forwarded: 'proxied',
  Via: 'proxied',
  'X-Real-IP': 'proxied',
};

/** A proxy that the operator trusts speaks for whom it names, and names it in one way only. */
export const throughTrustedProxy: Readonly<Record<Forgery, Outcome>> = {
  'identity headers': 'proxied',
  'X-Forwarded-For': 'userid:2',
  'X-Forwarded-For, a list': 'proxied',
  'X-Forwarded-Host': 'proxied',
  'X-Forwarded-Proto': 'proxied',
  Forwarded: 'proxied',
  Via: 'proxied',
  'X-Real-IP': 'proxied',
  'a mark of Funnel': 'proxied',
  'no mark of Funnel': 'proxied',
  'a foreign Host': 421,
  'our address as Host': 'proxied',
  'an origin': 'proxied',
};

export const effects: Readonly<Record<DoorName, Readonly<Record<Forgery, Effect>>>> = {
  tailnet: direct,
  userspace: direct,
  // tailscaled removes the rest
  serve: { ...untouched, Via: 'proxied', 'X-Real-IP': 'proxied' },
  'serve, past tailscaled': {
    ...direct,
    // two of what must be one
    'X-Forwarded-For': 'unknown',
    'X-Forwarded-For, a list': 'unknown',
    'X-Forwarded-Host': 400,
    'X-Forwarded-Proto': 'same',
    // restricts, whatever it says
    'a mark of Funnel': 404,
    'no mark of Funnel': 404,
  },
  backchannel: { ...untouched, 'our address as Host': 421 },
  admin: { ...untouched, 'our address as Host': 421 },
};
