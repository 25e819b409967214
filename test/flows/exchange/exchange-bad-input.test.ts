import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { auditLog } from '../../world/audit-log.ts';
import { json } from '../../world/login.ts';
import type { World } from '../../world/world.ts';
import { forgeriesOf } from './exchange-forgeries.ts';
import {
  all,
  ci,
  exchange,
  exchanged,
  exchangeForm,
  exchangeGrant,
  isActiveFor,
  loginAt,
  machineToken,
  mcp,
  notes,
  post,
  relay,
  revoke,
  rules,
  type SenderName,
  senders,
  startExchanging,
  typeOf,
  worker,
} from './exchange-world.ts';

const both = 'read_file run_code';

describe('exchange: what is wrong is refused once, recorded once, and issues nothing', () => {
  let world: World;
  beforeAll(async () => {
    world = await startExchanging();
  });
  beforeEach(() => {
    allowInPolicy(world.simulator, all);
    world.simulator.setNode('ci', { tags: ['tag:ci'] });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const refusedWith = async (
    subject: string,
    more: Record<string, string | string[]>,
    by: SenderName,
    error: string,
  ) => {
    const before = auditLog(world.directory).length;
    const answer = await exchange(world, subject, more, by);
    expect(json(answer), `${subject.slice(0, 60)} ${answer.body}`).toMatchObject({ error });
    expect(json(answer)['error_description']).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    const written = auditLog(world.directory).slice(before);
    expect(written.map(({ event }) => event)).toEqual(['denial']);
    expect(JSON.stringify(written)).not.toContain(subject.slice(-30));
    expect(world.logged()).not.toContain(subject.slice(-40));
  };

  test('T11 T28 forged, altered, expired and future tokens, as subject and as actor', async () => {
    // of so many denials not each is recorded (T38): in a world of their own
    await using own = await startExchanging();
    await presentForgeries(own);
  });

  const presentForgeries = async (world: World) => {
    const { accessToken } = await loginAt(world, worker, both);
    const machine = await machineToken(world, 'ci');
    for (const type of ['access_token', 'jwt', 'id_token']) {
      for (const [name, forged] of forgeriesOf(world, accessToken)) {
        const form = { resource: mcp, subject_token_type: typeOf(type) };
        const answer = await exchange(world, forged, form, 'ci');
        expect(json(answer), `${name} as ${type}`).toMatchObject({ error: 'invalid_request' });
        expect(answer.status).toBe(400);
      }
      for (const [name, forged] of forgeriesOf(world, machine)) {
        const actor = { actor_token: forged, actor_token_type: typeOf(type) };
        const answer = await exchange(world, accessToken, { resource: mcp, ...actor }, 'ci');
        expect(json(answer), `${name} as ${type}`).toMatchObject({ error: 'invalid_request' });
      }
    }
    expect(auditLog(world.directory).filter(({ event }) => event === 'exchange')).toEqual([]);
    expect(world.logged()).not.toContain(accessToken.split('.')[2]);
  };

  test('T11 forged ID tokens', async () => {
    const { idToken } = await loginAt(world, '', 'openid');
    const form = { resource: mcp, subject_token_type: typeOf('id_token') };
    for (const [name, forged] of forgeriesOf(world, idToken)) {
      const answer = await exchange(world, forged, form, 'grafana');
      expect(json(answer), name).toMatchObject({ error: 'invalid_request' });
    }
    expect((await exchange(world, idToken, form, 'grafana')).status).toBe(200);
  });

  test('T12 revoked tokens, and those whose login was revoked', async () => {
    const first = await loginAt(world, worker, both);
    await revoke(world, first.accessToken, 'grafana');
    await refusedWith(first.accessToken, { resource: mcp }, 'ci', 'invalid_request');
    const second = await loginAt(world, '', 'openid offline_access');
    await revoke(world, second.refreshToken, 'grafana');
    const idToken = { resource: mcp, subject_token_type: typeOf('id_token') };
    await refusedWith(second.idToken, idToken, 'grafana', 'invalid_request');
    await refusedWith(second.accessToken, { resource: mcp }, 'grafana', 'invalid_request');
  });

  test('T13 a machine that was retagged between two hops', async () => {
    const { accessToken } = await loginAt(world, worker, both);
    const hop = await exchanged(world, accessToken, { resource: relay }, 'ci');
    world.simulator.setNode('ci', { tags: ['tag:ci', 'tag:extra'] });
    await refusedWith(hop, { resource: mcp }, 'second', 'invalid_request');
    world.simulator.setNode('ci', { tags: ['tag:ci'] });
    // it has ended; what it came from has not
    expect((await exchange(world, hop, { resource: mcp }, 'second')).status).toBe(400);
    expect((await exchange(world, accessToken, { resource: relay }, 'ci')).status).toBe(200);
  });

  test('T04 the subject’s own grants are asked again', async () => {
    const { accessToken } = await loginAt(world, worker, both);
    allowInPolicy(world.simulator, [rules.ci, rules.second]);
    await refusedWith(accessToken, { resource: mcp }, 'ci', 'invalid_request');
  });

  test('T05 a scope that a grant took away does not come back by an exchange', async () => {
    const { accessToken } = await loginAt(world, worker, both);
    const narrower = {
      ...rules.alice,
      scopes: [
        { resource: worker, scopes: ['read_file'] },
        { resource: mcp, scopes: ['read_file', 'run_code'] },
      ],
    };
    allowInPolicy(world.simulator, [narrower, rules.ci]);
    await refusedWith(accessToken, { resource: mcp, scope: 'run_code' }, 'ci', 'invalid_scope');
    const answer = await exchange(world, accessToken, { resource: mcp }, 'ci');
    expect(json(answer)).toMatchObject({ scope: 'read_file' });
  });

  test('a chain that is too deep', async () => {
    await using shallow = await startExchanging({ tokenExchange: { maxDepth: 1 } });
    const { accessToken } = await loginAt(shallow, worker, both);
    const hop = await exchanged(shallow, accessToken, { resource: relay }, 'ci');
    const answer = await exchange(shallow, hop, { resource: mcp }, 'second');
    expect(json(answer)).toMatchObject({ error: 'invalid_request' });
    expect(json(answer)['error_description']).toContain('chain of actors');
  });

  test('an endless row of exchanges ends with an error, not with a token that is worth nothing', async () => {
    let token = (await loginAt(world, mcp, 'read_file')).accessToken;
    let hops = 0;
    for (; hops < 50; hops += 1) {
      const answer = await exchange(world, token, { resource: mcp }, 'grafana');
      if (answer.status !== 200) {
        expect(json(answer)).toMatchObject({ error: 'invalid_request' });
        expect(json(answer)['error_description']).toContain('too often');
        break;
      }
      token = String(json(answer)['access_token']);
    }
    expect(hops).toBe(32);
    expect(await isActiveFor(world, token, 'grafana')).toBe(true);
  });

  test.each([
    ['no subject_token', { subject_token: '' }, 'invalid_request'],
    ['no subject_token_type', { subject_token_type: '' }, 'invalid_request'],
    ['an actor_token_type alone', { actor_token_type: typeOf('jwt') }, 'invalid_request'],
    ['two subject tokens', { subject_token: ['a', 'b'] }, 'invalid_request'],
    ['two scopes', { scope: ['a', 'b'] }, 'invalid_request'],
    ['a scope with a quote', { scope: 'a"b' }, 'invalid_scope'],
    ['a long scope', { scope: 'x'.repeat(30_000) }, 'invalid_scope'],
    ['many scopes', { scope: 'a b c d e f '.repeat(1000) }, 'invalid_scope'],
    ['a resource that is none', { resource: 'https://' }, 'invalid_target'],
    ['a resource with controls', { resource: 'https://r.test/\u0000' }, 'invalid_target'],
    ['an audience with a quote', { audience: 'a"b' }, 'invalid_target'],
    ['a long audience', { audience: `https://${'a'.repeat(3000)}` }, 'invalid_target'],
  ])('%s', async (_what, more, error) => {
    const { accessToken } = await loginAt(world, worker, both);
    const before = auditLog(world.directory).length;
    const form = { resource: mcp, ...exchangeForm(accessToken, more) };
    const answer = await post(world, '/token', form, { address: ci });
    expect(json(answer), answer.body.slice(0, 200)).toMatchObject({ error });
    expect(auditLog(world.directory).length - before).toBe(1);
  });

  test('T01 the attempts ended nothing', async () => {
    const { accessToken } = await loginAt(world, worker, both);
    for (const by of ['post', 'second', 'wrong secret', 'public client'] as const) {
      await exchange(world, accessToken, { resource: mcp }, by);
    }
    expect(await isActiveFor(world, accessToken, 'grafana')).toBe(true);
  });

  test('an access token for several resources loses what any of them takes away', async () => {
    const { accessToken } = await loginAt(world, worker, both);
    const token = await exchanged(world, accessToken, { resource: [mcp, relay] }, 'ci');
    const { scope } = json(await post(world, '/introspect', { token }, senders['mcp-server']));
    expect(scope).toBe(both);
    const scopes = [
      { resource: worker, scopes: ['*'] },
      { resource: relay, scopes: ['*'] },
      { resource: mcp, scopes: ['read_file'] },
    ];
    allowInPolicy(world.simulator, [{ ...rules.alice, scopes }, rules.ci]);
    const after = json(await post(world, '/introspect', { token }, senders['mcp-server']));
    expect(after).toMatchObject({ active: true, scope: 'read_file', aud: [mcp, relay] });
    // what only one of them may know, neither is told
    expect(after).not.toHaveProperty('groups');
  });

  test('switched off: nobody is offered it, and every client works as before', async () => {
    await using off = await startExchanging({ tokenExchange: { enabled: false } });
    const metadata = json(
      await off.browser().open(`${off.issuer}/.well-known/oauth-authorization-server`),
    );
    expect(metadata['grant_types_supported']).not.toContain(exchangeGrant);
    expect(metadata['grant_types_supported']).toContain('client_credentials');
    const { accessToken } = await loginAt(off, notes, 'notes');
    for (const by of ['grafana', 'ci'] as const) {
      const answer = await exchange(off, accessToken, { resource: mcp }, by);
      expect(json(answer)).toMatchObject({ error: 'unsupported_grant_type' });
    }
    expect(await machineToken(off, 'ci')).toContain('.');
    expect(await machineToken(off, 'ci as by-tag')).toContain('.');
  });
});
