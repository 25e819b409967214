import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeCli } from '../../cli/run.ts';
import { json } from '../../world/login.ts';
import {
  configuration,
  introspect,
  mcp,
  resourceServer,
  send,
} from '../../world/resource-world.ts';
import { startWorld, type World } from '../../world/world.ts';

const service = { id: 'service', secret: 'service-secret-that-is-long-enough-0' };
const configured = {
  ...configuration,
  clients: [
    ...configuration.clients,
    { ...service, grantTypes: ['client_credentials'], scopes: ['read_file'] },
  ],
};

describe('a token that a client with a secret got for itself', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(configured);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const own = async () =>
    String(
      json(
        await send(
          world,
          '/token',
          { grant_type: 'client_credentials', resource: mcp, scope: 'read_file list' },
          service,
        ),
      )['access_token'],
    );
  const changed = (change: Record<string, unknown>) => ({
    ...configured,
    clients: configured.clients.map((client) =>
      client.id === 'service' ? { ...client, ...change } : client,
    ),
  });
  afterEach(() => world.restart(configured));

  test('is for no resource where none is asked for', async () => {
    const answer = await send(world, '/token', { grant_type: 'client_credentials' }, service);
    expect(json(answer)).toMatchObject({ token_type: 'Bearer', scope: '' });
  });

  test('T45 scopes without a resource mean the one that has them all, or are an error', async () => {
    const ask = async (scope: string) =>
      json(await send(world, '/token', { grant_type: 'client_credentials', scope }, service));
    const meant = await ask('read_file');
    expect(meant).toMatchObject({ scope: 'read_file' });
    expect(decodeJwt(String(meant['access_token']))).toMatchObject({ aud: mcp });
    for (const scope of ['read_file nowhere', 'nowhere', 'run_code']) {
      expect(await ask(scope)).toMatchObject({ error: 'invalid_scope' });
      expect(await ask(scope)).not.toHaveProperty('access_token');
    }
    expect(await ask('nowhere')).toMatchObject({
      error_description: expect.stringContaining('resource'),
    });
  });

  test('T12 ends with its client', async () => {
    const first = await own();
    expect(await introspect(world, first)).toMatchObject({ active: true });
    const others = configured.clients.filter(({ id }) => id !== 'service');
    await world.restart({ ...configured, clients: others });
    expect(await introspect(world, first)).toEqual({ active: false });
  });

  test('T13 ends with the grant type, and with the resource', async () => {
    const first = await own();
    await world.restart(
      changed({ grantTypes: ['authorization_code'], redirectUris: ['https://service.test/cb'] }),
    );
    expect(await introspect(world, first)).toEqual({ active: false });
    await world.restart({ ...configured, resources: configured.resources.slice(1) });
    // the resource server reads nothing of it any more, nor does the client itself
    expect(await introspect(world, first)).toEqual({ active: false });
    expect(await introspect(world, first, service)).toEqual({ active: false });
  });

  test('T13 has no scope that its client has lost', async () => {
    const first = await own();
    await world.restart(changed({ scopes: ['run_code'] }));
    expect(await introspect(world, first)).toMatchObject({ active: true, scope: 'list' });
  });

  test('T12 ends by tsidp tokens revoke, by client and by its name', async () => {
    const cli = makeCli({ TSIDP_STATE_DIR: join(world.directory, 'state') });
    const first = await own();
    const { out } = await cli.run(['tokens', 'list', '--chain', `${decodeJwt(first).jti}`]);
    expect(out).toContain('service');
    const { exitCode } = await cli.run(['tokens', 'revoke', '--client', 'service']);
    expect(exitCode).toBe(0);
    expect(await introspect(world, first)).toEqual({ active: false });
  });

  test('a client with a secret gets what an administrator gave it', async () => {
    const ask = async (form: Record<string, string>) =>
      json(await send(world, '/token', { grant_type: 'client_credentials', ...form }, service));
    const answer = await ask({ resource: mcp });
    expect(answer).toMatchObject({ scope: 'read_file list' });
    expect(decodeJwt(String(answer['access_token']))).toMatchObject({
      sub: 'service',
      client_id: 'service',
      aud: mcp,
    });
    expect(await ask({ resource: mcp, scope: 'run_code' })).toMatchObject({
      error: 'invalid_scope',
    });
    expect(await ask({ resource: 'https://nowhere.test' })).toMatchObject({
      error: 'invalid_target',
    });
    expect(await introspect(world, String(answer['access_token']), resourceServer)).toMatchObject({
      active: true,
    });
    await send(world, '/revoke', { token: String(answer['access_token']) }, service);
    expect(await introspect(world, String(answer['access_token']))).toEqual({ active: false });
  });
});
