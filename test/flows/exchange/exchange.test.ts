import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Allowance, allowInPolicy } from '../../world/allow.ts';
import { Browser } from '../../world/browser.ts';
import { json } from '../../world/login.ts';
import {
  configuration,
  grafana,
  introspect,
  mcp,
  notes,
  send,
  tokensFor,
} from '../../world/resource-world.ts';
import { startWorld, type World } from '../../world/world.ts';

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;
const worker = 'https://worker.test';
const ci = '127.0.0.3';

const exchanging = {
  ...configuration,
  clients: [
    ...configuration.clients.map((client) =>
      client.id === 'grafana'
        ? { ...client, grantTypes: ['authorization_code', 'refresh_token', exchangeGrant] }
        : client,
    ),
  ],
  resources: [
    ...configuration.resources,
    { uri: worker, scopes: { read_file: 'Read files', run_code: 'Run code' } },
  ],
};

const everywhere = [mcp, worker, notes];
const all: readonly Allowance[] = [
  {
    src: ['alice@example.com'],
    scopes: ['read_file', 'run_code', 'notes'],
    users: ['*'],
    resources: everywhere,
  },
  { src: ['bob@example.com'], users: ['*'], resources: everywhere },
  {
    src: ['tag:ci'],
    may_act_for: ['alice@example.com'],
    resources: everywhere,
    serves: [worker],
  },
];

describe('token exchange (RFC 8693)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(exchanging);
  });
  beforeEach(() => allowInPolicy(world.simulator, all));
  afterAll(() => world[Symbol.asyncDispose]());

  const form = (subject: string, more: Record<string, string> = {}) => ({
    grant_type: exchangeGrant,
    subject_token: subject,
    subject_token_type: type('access_token'),
    ...more,
  });
  const byMachine = async (subject: string, more: Record<string, string> = {}) =>
    json(await new Browser(ci).open(`${world.issuer}/token`, { form: form(subject, more) }));
  const byGrafana = async (subject: string, more: Record<string, string> = {}) =>
    json(await send(world, '/token', form(subject, more), grafana));

  test('a machine that serves the resource acts for the person at another one', async () => {
    const first = await tokensFor(world, { resource: worker, scope: 'read_file run_code' });
    const answer = await byMachine(first.accessToken, { resource: mcp, scope: 'read_file' });
    expect(answer).toMatchObject({
      issued_token_type: type('access_token'),
      token_type: 'Bearer',
      scope: 'read_file',
    });
    const token = String(answer['access_token']);
    expect(decodeJwt(token)).toMatchObject({
      sub: 'userid:1',
      aud: mcp,
      act: { sub: expect.stringMatching(/^node:/), node: 'ci.tailnet.test', tags: ['tag:ci'] },
    });
    expect(await introspect(world, token)).toMatchObject({
      active: true,
      sub: 'userid:1',
      act: { tags: ['tag:ci'] },
    });
    // revoking the first ends what came of it
    await send(world, '/revoke', { token: first.accessToken }, grafana);
    expect(await introspect(world, token)).toEqual({ active: false });
  });

  test('scopes never grow', async () => {
    const first = await tokensFor(world, { resource: worker, scope: 'read_file' });
    expect(await byMachine(first.accessToken, { resource: mcp, scope: 'run_code' })).toMatchObject({
      error: 'invalid_scope',
    });
    expect(await byMachine(first.accessToken, { resource: mcp })).toMatchObject({
      scope: 'read_file',
    });
  });

  test('an ID token, and the client that it was issued to, without an actor', async () => {
    const first = await tokensFor(world, { resource: '', scope: 'openid email' });
    const answer = await byGrafana(first.idToken, {
      subject_token_type: type('id_token'),
      audience: mcp,
    });
    expect(answer).toMatchObject({ scope: 'openid email read_file run_code list' });
    expect(decodeJwt(String(answer['access_token']))).not.toHaveProperty('act');
    const another = await send(
      world,
      '/token',
      form(first.idToken, { subject_token_type: type('id_token'), audience: mcp }),
      { id: 'post', secret: 'post-secret-that-is-long-enough-0000' },
    );
    expect(another.status).toBe(400);
  });
});
