import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exposure, findRoute } from '../../../src/http/exposure.ts';
import type { ListenerKind } from '../../../src/http/identify/entrance.ts';
import { type DoorName, doorsOf } from '../../world/callers.ts';
import type { Fields } from '../../world/send.ts';
import { type Everywhere, listenEverywhere } from './listener-world.ts';

const methods = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'QUERY'],
] as const;
const doors: Readonly<Record<string, DoorName>> = {
  tailnet: 'tailnet',
  serve: 'serve',
  userspace: 'userspace',
  backchannel: 'backchannel',
  admin: 'admin',
};
const origin: Fields = [['Origin', 'https://app.example']];
const preflight: Fields = [...origin, ['Access-Control-Request-Method', 'GET']];
const paths = [
  ...exposure.map(({ path }) => path.replace('*', 'x')),
  ...['/nothing', '/token/', '/.well-known/', '/%00', '/authorize/x/y', '/device/x'],
];
const cases = Object.keys(doors).flatMap((door) => paths.map((path) => ({ door, path })));

let world: Everywhere;
beforeAll(async () => {
  world = await listenEverywhere({ registration: { mode: 'tailnet' } });
});
afterAll(() => world[Symbol.asyncDispose]());

const ask = (door: string, method: string, path: string, fields: Fields) =>
  doorsOf(world)[doors[door] ?? 'tailnet'].send('member', { method, path, fields });

describe('every answer is ours', () => {
  it.each(cases)('$door $path', async ({ door, path }) => {
    for (const method of methods) {
      for (const fields of [[], origin, preflight]) {
        const answer = await ask(door, method, path, fields);
        const what = `${method} ${path} ${JSON.stringify(fields)}: ${answer.status} ${answer.body}`;
        // Koa's and the router's own words
        expect(answer.headers['content-type'] ?? '', what).not.toMatch(/text\/plain/);
        expect(answer.body, what).not.toMatch(/^(Not Found|Method Not Allowed|OK|Internal)/);
        if (method === 'HEAD' || answer.status === 204) continue;
        if (answer.status >= 400) {
          expect(answer.headers['content-type'], what).toMatch(/json|text\/html/);
          expect(answer.body, what).not.toBe('');
        }
      }
    }
  });
});

const withOptions = cases.filter(({ door, path }) => {
  const { route } = findRoute(door as ListenerKind, 'OPTIONS', path, 'tailnet');
  return route !== undefined;
});

describe('every route that lists OPTIONS', () => {
  it.each(withOptions)('$door $path answers a preflight', async ({ door, path }) => {
    const { route } = findRoute(door as ListenerKind, 'OPTIONS', path, 'tailnet');
    for (const asked of route?.methods.filter((name) => name !== 'OPTIONS') ?? []) {
      const fields: Fields = [
        ...origin,
        ['Access-Control-Request-Method', asked],
        ['Access-Control-Request-Headers', 'mcp-protocol-version'],
      ];
      const answer = await ask(door, 'OPTIONS', path, fields);
      expect(answer.status).toBe(204);
      expect(answer.body).toBe('');
      expect(answer.headers['access-control-allow-origin']).toMatch(
        /^(\*|https:\/\/app\.example)$/,
      );
      expect(answer.headers['access-control-allow-methods']).toContain(asked);
      expect(String(answer.headers['access-control-allow-headers']).toLowerCase()).toContain(
        'mcp-protocol-version',
      );
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    }
  });

  it.each(withOptions)('$door $path answers who asks without an origin', async ({ door, path }) => {
    const answer = await ask(door, 'OPTIONS', path, []);
    expect(answer.status).toBe(204);
    expect(answer.headers['allow']).toContain('OPTIONS');
  });
});
