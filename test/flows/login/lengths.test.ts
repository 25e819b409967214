import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { longestParameters } from '../../../src/access/parameter-lengths.ts';
import { attempt, call, failure, json, redeem, tokensOf } from '../../world/login.ts';
import { clients, startWorld, type World } from '../../world/world.ts';
import { askRaw, deviceClients } from '../device/device.ts';

const fill = (bytes: number) => 'x'.repeat(bytes);
const television = deviceClients[1] as (typeof clients)[number];

describe('T39 what is kept has a length', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ clients: [...clients, television] });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const post = (path: string, form: Record<string, string>) =>
    world.browser().open(`${world.issuer}${path}`, { form });
  const parameters = (more: Record<string, string>) => ({
    ...attempt(world.issuer, 'careful').parameters,
    ...more,
  });
  const rows = (table: string) => {
    using database = new DatabaseSync(join(world.directory, 'state', 'tsidp.db'));
    return Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
  };

  test.each(Object.entries(longestParameters))('%s: %d bytes', async (name, longest) => {
    const before = [rows('interactions'), rows('records'), rows('sessions')];
    const long = { [name]: fill(longest + 1) };
    const said = `${name} is longer than ${longest} bytes`;
    for (const path of ['/authorize', '/logout']) {
      const answer = await post(path, parameters(long));
      expect([answer.status, answer.location]).toEqual([400, undefined]);
      // a sentence there
      expect(answer.body).toContain(said.slice(1));
    }
    if (name !== 'client_id') {
      const pushed = await call(world.issuer, '/request', 'careful', parameters(long));
      const asked = await askRaw(world, 'tv', long);
      for (const answer of [pushed, asked]) {
        expect(failure(answer)).toBe('400 invalid_request');
        expect(json(answer)['error_description']).toBe(said);
      }
    }
    expect([rows('interactions'), rows('records'), rows('sessions')]).toEqual(before);
  });

  test('every parameter that oidc-provider keeps has one', () => {
    const list = new URL('consts/param_list.js', import.meta.resolve('oidc-provider'));
    const names = readFileSync(list, 'utf8').matchAll(/^ {2}'(\w+)',$/gmu);
    const kept = [...names].map(([, name = '']) => name);
    expect(kept).toContain('state');
    expect(kept.filter((name) => longestParameters[name] === undefined)).toEqual([]);
  });

  test('what real apps send passes: 8 KB of state and 2 KB of nonce', async () => {
    const state = fill(8192);
    const begun = attempt(world.issuer, 'grafana', { state, nonce: fill(2048) });
    const answer = await post('/authorize', begun.parameters);
    expect(answer.location?.searchParams.get('state')).toBe(state);
    const code = answer.location?.searchParams.get('code') ?? '';
    expect(tokensOf(await redeem(world.issuer, { code, attempt: begun })).claims['nonce']).toBe(
      fill(2048),
    );
    // nothing of it stays
    using database = new DatabaseSync(join(world.directory, 'state', 'tsidp.db'));
    const codes = database.prepare('SELECT payload FROM codes').all();
    expect(codes.filter(({ payload }) => String(payload).includes(state))).toEqual([]);
  });

  test('as many resources as a request may name', async () => {
    const resources = Array.from({ length: 17 }, (_, index) => `https://r${index}.test`);
    const form = { ...parameters({}), resource: resources };
    const answer = await world.browser().open(`${world.issuer}/authorize`, { form });
    expect(answer.body).toContain('more than 16 resources');
  });
});
