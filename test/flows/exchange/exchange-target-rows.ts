import type { Row } from './exchange-row.ts';
import { mcp, notes, plainName, relay, worker } from './exchange-world.ts';

const thousand = Array.from({ length: 1000 }, (_, n) => `https://r${n}.test`);

/** Where to. */
const places: readonly Row[] = [
  { token: 'plain login', by: 'grafana', gives: 'invalid_target' },
  {
    token: 'worker login',
    by: 'ci',
    gives: { aud: worker, scope: 'read_file run_code', actors: ['ci'] },
  },
  {
    token: 'worker login',
    by: 'ci',
    to: `${worker}/`,
    gives: { aud: worker, scope: 'read_file run_code', actors: ['ci'] },
  },
  { token: 'worker login', by: 'ci', to: notes, gives: 'invalid_target' },
  { token: 'worker login of bob', by: 'grafana', to: notes, gives: 'invalid_target' },
  { token: 'worker login', by: 'ci', to: 'https://nobody.test', gives: 'invalid_target' },
  { token: 'worker login', by: 'ci', to: [mcp, 'https://nobody.test'], gives: 'invalid_target' },
  { token: 'plain login', by: 'grafana', to: thousand, gives: 'invalid_target' },
  { token: 'plain login', by: 'grafana', audience: thousand, gives: 'invalid_target' },
  { token: 'plain login', by: 'grafana', to: 'notes', gives: 'invalid_target' },
  { token: 'plain login', by: 'grafana', to: '/mcp', gives: 'invalid_target' },
  { token: 'plain login', by: 'grafana', to: `${mcp}#x`, gives: 'invalid_target' },
  { token: 'plain login', by: 'grafana', to: plainName, gives: 'invalid_target' },
  {
    token: 'plain login',
    by: 'grafana',
    audience: plainName,
    gives: { aud: plainName, scope: 'openid email', opaque: true },
  },
  {
    token: 'plain login',
    by: 'grafana',
    audience: plainName,
    want: 'jwt',
    gives: 'invalid_target',
  },
  {
    token: 'worker login',
    by: 'ci',
    to: mcp,
    audience: relay,
    gives: { aud: [mcp, relay], scope: 'read_file run_code', actors: ['ci'] },
  },
  {
    token: 'plain login',
    by: 'grafana',
    to: [mcp, notes],
    gives: { aud: [mcp, notes], scope: 'openid email' },
  },
];

/** What for, and as what. */
const shapes: readonly Row[] = [
  { token: 'worker login, reading', by: 'ci', to: mcp, scope: 'run_code', gives: 'invalid_scope' },
  {
    token: 'worker login, reading',
    by: 'ci',
    to: mcp,
    scope: 'read_file run_code',
    gives: { aud: mcp, scope: 'read_file', actors: ['ci'] },
  },
  {
    token: 'worker login',
    by: 'ci',
    to: mcp,
    scope: 'run_code read_file',
    gives: { aud: mcp, scope: 'run_code read_file', actors: ['ci'] },
  },
  { token: 'worker login', by: 'ci', to: mcp, scope: 'nonsense', gives: 'invalid_scope' },
  { token: 'worker login', by: 'ci', audience: mcp, scope: 'nonsense', gives: 'invalid_scope' },
  { token: 'worker login', by: 'ci', to: mcp, scope: 'notes', gives: 'invalid_scope' },
  {
    token: 'plain login',
    by: 'grafana',
    to: mcp,
    scope: 'email',
    gives: { aud: mcp, scope: 'email' },
  },
  {
    token: 'plain login',
    by: 'grafana',
    to: mcp,
    scope: 'offline_access',
    gives: { aud: mcp, scope: '' },
  },
  {
    token: 'worker login',
    by: 'ci',
    to: mcp,
    want: 'access_token',
    gives: { aud: mcp, scope: 'read_file run_code', actors: ['ci'] },
  },
  {
    token: 'worker login',
    by: 'ci',
    to: mcp,
    want: 'jwt',
    gives: { aud: mcp, scope: 'read_file run_code', actors: ['ci'] },
  },
  {
    token: 'notes login',
    by: 'grafana',
    to: notes,
    want: 'access_token',
    gives: { aud: notes, scope: 'notes', opaque: true },
  },
  {
    token: 'notes login',
    by: 'grafana',
    to: notes,
    want: 'jwt',
    gives: { aud: notes, scope: 'notes' },
  },
  { token: 'worker login', by: 'ci', to: mcp, want: 'id_token', gives: 'invalid_request' },
  { token: 'worker login', by: 'ci', to: mcp, want: 'refresh_token', gives: 'invalid_request' },
  { token: 'worker login', by: 'ci', to: mcp, want: 'saml2', gives: 'invalid_request' },
];

export const targets: readonly Row[] = [...places, ...shapes];
