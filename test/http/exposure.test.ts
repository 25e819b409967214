import { expect, it } from 'vitest';
import { routes } from '../../src/daemon/provider.ts';
import { exposure, findRoute } from '../../src/http/exposure.ts';
import type { Route } from '../../src/http/route.ts';

it.each(exposure)('$path names who answers, once', ({ path, handler }) => {
  expect(handler).toBeTypeOf('function');
  expect(exposure.filter((route) => route.path === path)).toHaveLength(1);
});

it('takes no row without a handler', () => {
  // @ts-expect-error whoever adds a row says who answers there
  const row: Route = { path: '/x', methods: ['GET'], kind: 'api', listeners: ['tailnet'] };
  expect(row).not.toHaveProperty('handler');
});

it.each(Object.entries(routes))('has oidc-provider’s %s at %s', (_name, path) => {
  expect(exposure.map((route) => route.path)).toContain(path);
});

it.each(['/end_session', '/session/end', '/auth', '/par', '/backchannel', '/me', '/jwks'])(
  'leads nobody to oidc-provider by %s, which is in no row',
  (path) => {
    for (const method of ['GET', 'POST']) {
      const { route } = findRoute('tailnet', method, path, 'public');
      expect(route).toBeUndefined();
    }
  },
);
