import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exposure } from '../../../src/http/exposure.ts';
import { doorsOf } from '../../world/callers.ts';
import { publicClient } from '../../world/register.ts';
import type { Sent } from '../../world/send.ts';
import { type Everywhere, listenEverywhere } from '../listeners/listener-world.ts';

const json = ({ body }: Sent): Readonly<Record<string, unknown>> => JSON.parse(body);

/** All that the public internet sees in mode `public`, as written down by hand. */
const shown = [
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/register',
  '/register/x',
  '/request',
  '/revoke',
  '/token',
  '/userinfo',
  '/introspect',
  '/device_authorization',
];
/** And never, whatever is configured. */
const hidden = ['/', '/authorize', '/authorize/x', '/interaction/x', '/clients/', '/clients/new'];

describe.each(['off', 'granted', 'tailnet', 'public'] as const)(
  'T25 split exposure in mode %s',
  (mode) => {
    let world: Everywhere;
    let doors: ReturnType<typeof doorsOf>;
    beforeAll(async () => {
      world = await listenEverywhere({ registration: { mode } });
      doors = doorsOf(world);
    });
    afterAll(() => world[Symbol.asyncDispose]());

    /** A body that `serve` hands on for Funnel. */
    const statusOver = async (path: string, method: string): Promise<Sent> =>
      doors.serve.send('Funnel stranger', { path, method, fields: [] });

    test('Funnel shows metadata, keys, tokens and, in mode public alone, registration', async () => {
      const paths = [...new Set(exposure.map(({ path }) => path.replace('*', 'x')))];
      const found: string[] = [];
      for (const path of paths) {
        const answers = await Promise.all(
          ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'].map((method) => statusOver(path, method)),
        );
        const there = answers.filter(
          ({ status, body }) => status !== 404 || !/nothing (?:here|at this address)/i.test(body),
        );
        if (there.length > 0) found.push(path);
      }
      const expected =
        mode === 'public' ? shown : shown.filter((path) => !path.startsWith('/register'));
      expect(expected).toEqual(expect.arrayContaining(found));
      expect(found).toEqual(
        expect.arrayContaining(expected.filter((path) => paths.includes(path))),
      );
      expect(found.filter((path) => hidden.includes(path))).toEqual([]);
    });

    test('the metadata names the endpoint where it is', async () => {
      for (const path of shown.slice(1, 3)) {
        const inside = json(await doors.tailnet.send('member', { path, fields: [] }));
        const outside = json(await statusOver(path, 'GET'));
        const back = json(await doors.backchannel.send('unknown', { path, fields: [] }));
        const endpoint = `${world.issuer}/register`;
        expect(inside['registration_endpoint']).toBe(mode === 'off' ? undefined : endpoint);
        expect(outside['registration_endpoint']).toBe(mode === 'public' ? endpoint : undefined);
        // browsers and clients in the tailnet go there, never to the backchannel
        expect(back['registration_endpoint']).toBe(mode === 'off' ? undefined : endpoint);
        expect(outside['authorization_endpoint']).toBe(inside['authorization_endpoint']);
      }
    });

    test('a stranger of the public internet registers in mode public only', async () => {
      const answer = await doors.serve.send('Funnel stranger', {
        path: '/register',
        fields: [['Content-Type', 'application/json']],
        body: JSON.stringify(publicClient),
      });
      expect(answer.status).toBe(mode === 'public' ? 201 : 404);
      if (mode !== 'public') return;
      const client = json(answer);
      expect(client['registration_client_uri']).toBe(
        `${world.issuer}/register/${client['client_id']}`,
      );
      const path = `/register/${client['client_id']}`;
      const authorization = `Bearer ${client['registration_access_token']}`;
      const read = await doors.serve.send('Funnel stranger', {
        path,
        fields: [['Authorization', authorization]],
      });
      expect(json(read)['client_id']).toBe(client['client_id']);
      // and gets nowhere with it: nobody logs in from there
      const login = await statusOver(`/authorize?client_id=${client['client_id']}`, 'GET');
      expect(login.status).toBe(404);
    });
  },
);
