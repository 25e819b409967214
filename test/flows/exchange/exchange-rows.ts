import type { Row } from './exchange-row.ts';
import { targets } from './exchange-target-rows.ts';
import { mcp, notes, worker } from './exchange-world.ts';

const alice = 'userid:1';

/** Who is the exchanger. */
const bound: readonly Row[] = [
  {
    token: 'plain login',
    by: 'grafana',
    to: mcp,
    scope: 'read_file',
    gives: { sub: alice, aud: mcp, scope: 'read_file' },
  },
  { token: 'plain login', by: 'post', to: mcp, gives: 'invalid_request' },
  { token: 'plain login', by: 'mcp-server', to: mcp, gives: 'invalid_request' },
  { token: 'plain login', by: 'ci', to: mcp, gives: 'invalid_request' },
  { token: 'plain login', by: 'public client', to: mcp, gives: 'unauthorized_client' },
  { token: 'plain login', by: "person's device", to: mcp, gives: 'invalid_request' },
  { token: 'plain login', by: 'foreign device', to: mcp, gives: 'invalid_request' },
  { token: 'plain login', by: 'wrong secret', to: mcp, gives: 'invalid_client' },
  {
    token: 'mcp login',
    by: 'mcp-server',
    to: notes,
    gives: { sub: alice, aud: notes, scope: '', opaque: true },
  },
  { token: 'mcp login', by: 'service', to: notes, gives: 'invalid_request' },
  { token: 'mcp login', by: 'ci', to: notes, gives: 'invalid_request' },
  { token: 'mcp login', by: 'grafana', to: worker, gives: { aud: worker, scope: 'read_file' } },
  {
    token: 'worker login',
    by: 'ci',
    to: mcp,
    scope: 'read_file',
    gives: { sub: alice, aud: mcp, scope: 'read_file', actors: ['ci'] },
  },
  { token: 'worker login', by: 'second', to: mcp, gives: 'invalid_request' },
  { token: 'worker login', by: 'second as by-tag', to: mcp, gives: 'invalid_request' },
  {
    token: 'worker login',
    by: 'ci as by-tag',
    to: mcp,
    gives: { aud: mcp, scope: 'read_file run_code', actors: ['ci'] },
  },
  { token: 'worker login of bob', by: 'ci', to: mcp, gives: 'invalid_target' },
  {
    token: 'worker login of bob',
    by: 'grafana',
    to: mcp,
    gives: { sub: 'userid:2', aud: mcp, scope: 'read_file' },
  },
  { token: 'notes login', by: 'ci', to: mcp, gives: 'invalid_request' },
];

/** What is presented as the subject. */
const kinds: readonly Row[] = [
  {
    token: 'ID token',
    by: 'grafana',
    to: mcp,
    gives: { aud: mcp, scope: 'openid email read_file run_code list' },
  },
  { token: 'ID token', by: 'mcp-server', to: mcp, gives: 'invalid_request' },
  { token: 'ID token', by: 'grafana', to: mcp, as: 'access_token', gives: 'invalid_request' },
  {
    token: 'ID token',
    by: 'grafana',
    to: mcp,
    as: 'jwt',
    gives: { aud: mcp, scope: 'openid email read_file run_code list' },
  },
  {
    token: 'ID token of a worker login, reading',
    by: 'grafana',
    to: mcp,
    gives: { aud: mcp, scope: 'openid read_file' },
  },
  {
    token: 'ID token of a worker login, reading',
    by: 'grafana',
    to: mcp,
    scope: 'run_code',
    gives: 'invalid_scope',
  },
  { token: 'ID token of a worker login, reading', by: 'ci', to: mcp, gives: 'invalid_request' },
  { token: 'plain login', by: 'grafana', to: mcp, as: 'id_token', gives: 'invalid_request' },
  { token: 'plain login', by: 'grafana', to: mcp, as: 'jwt', gives: 'invalid_request' },
  {
    token: 'worker login',
    by: 'ci',
    to: mcp,
    as: 'jwt',
    gives: { aud: mcp, scope: 'read_file run_code', actors: ['ci'] },
  },
  { token: 'worker login', by: 'ci', to: mcp, as: 'id_token', gives: 'invalid_request' },
  { token: 'worker login', by: 'ci', to: mcp, as: 'saml2', gives: 'invalid_request' },
  { token: 'worker login', by: 'ci', to: mcp, as: 'refresh_token', gives: 'invalid_request' },
  { token: 'refresh token', by: 'grafana', to: mcp, gives: 'invalid_request' },
  { token: 'code', by: 'grafana', to: mcp, gives: 'invalid_request' },
  { token: 'service itself', by: 'robot', to: mcp, gives: 'invalid_request' },
  { token: 'ci itself', by: 'ci', to: mcp, gives: 'invalid_request' },
  { token: 'ci itself', by: 'second', to: mcp, gives: 'invalid_request' },
  {
    token: 'ci itself',
    by: 'mcp-server',
    to: mcp,
    gives: { sub: 'node:ci', aud: mcp, scope: 'read_file list' },
  },
  {
    token: 'ci itself as by-tag',
    by: 'second as by-tag',
    to: mcp,
    gives: { sub: 'node:ci', aud: mcp, scope: 'read_file list', actors: ['second'] },
  },
];

/** Who acts. */
const actors: readonly Row[] = [
  {
    token: 'plain login',
    by: 'grafana',
    actor: 'plain login of bob',
    to: mcp,
    gives: 'invalid_target',
  },
  { token: 'plain login', by: 'grafana', actor: 'plain login', to: mcp, gives: 'invalid_request' },
  { token: 'plain login', by: 'grafana', actor: 'ID token', to: mcp, gives: 'invalid_request' },
  // a token that a resource was sent lets it act as nobody
  { token: 'mcp login', by: 'mcp-server', actor: 'ci itself', to: notes, gives: 'invalid_request' },
  { token: 'plain login', by: 'grafana', actor: 'ci itself', to: mcp, gives: 'invalid_request' },
  {
    token: 'worker login',
    by: 'ci',
    actor: 'ci itself',
    to: mcp,
    gives: { aud: mcp, scope: 'read_file run_code', actors: ['ci'] },
  },
  { token: 'worker login', by: 'ci', actor: 'second itself', to: mcp, gives: 'invalid_request' },
  // one client, two machines: the connection says which of them acts
  {
    token: 'worker login',
    by: 'ci as by-tag',
    actor: 'second itself as by-tag',
    to: mcp,
    gives: 'invalid_request',
  },
  { token: 'worker login', by: 'ci', actor: 'chain of ci', to: mcp, gives: 'invalid_request' },
  {
    token: 'chain of ci',
    by: 'second',
    to: notes,
    gives: { sub: alice, aud: notes, scope: '', actors: ['second', 'ci'], opaque: true },
  },
  {
    token: 'chain of ci',
    by: 'second',
    to: mcp,
    scope: 'read_file',
    gives: { sub: alice, aud: mcp, scope: 'read_file', actors: ['second', 'ci'] },
  },
  // it is the client of the token, but stands in its chain
  { token: 'chain of ci', by: 'ci', to: mcp, gives: 'invalid_request' },
  { token: 'chain of ci and second', by: 'second', to: notes, gives: 'invalid_request' },
  // nobody joins: the last one of the chain is who acts there
  {
    token: 'chain of ci and second',
    by: 'mcp-server',
    to: notes,
    gives: { sub: alice, aud: notes, scope: '', actors: ['second', 'ci'], opaque: true },
  },
  { token: 'chain of ci and second', by: 'mcp-server', to: worker, gives: 'invalid_target' },
  { token: 'es256 worker login', by: 'ci', to: mcp, gives: 'invalid_request' },
  { token: 'es256 worker login', by: 'es256', to: mcp, gives: 'invalid_request' },
  { token: 'es256 ID token', by: 'es256', to: mcp, gives: 'invalid_request' },
  { token: 'eddsa plain login', by: 'eddsa', to: mcp, gives: 'invalid_request' },
];

export const rows: readonly Row[] = [...bound, ...kinds, ...actors, ...targets];
