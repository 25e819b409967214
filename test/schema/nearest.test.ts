import { expect, test } from 'vitest';
import { defaultStateDirectory } from '../../src/config/state-directory.ts';
import { nearest } from '../../src/schema/nearest.ts';

const known = ['issuer', 'redirectUris', 'postLogoutRedirectUris', 'secret', 'secretFile'];

test.each([
  ['isuser', 'issuer'],
  ['redirect_uris', 'redirectUris'],
  ['redirectUri', 'redirectUris'],
  ['secrt', 'secret'],
  ['secret_file', 'secretFile'],
  ['SECRET', 'secret'],
  ['listen', undefined],
  ['', undefined],
  ['issuer'.repeat(1000), undefined],
])('%s was meant to be %s', (name, expected) => {
  expect(nearest(name, known)).toBe(expected);
});

test.each([
  [{ HOME: '/home/op' }, 0, '/var/lib/tsidp'],
  [{ HOME: '/home/op' }, 1000, '/home/op/.local/state/tsidp'],
  [{ HOME: '/home/op', XDG_STATE_HOME: '/state' }, 1000, '/state/tsidp'],
  [{ HOME: '/home/op', XDG_STATE_HOME: 'relative' }, 1000, '/home/op/.local/state/tsidp'],
  [{}, 1000, undefined],
])('state of %j as user %i lives in %s', (env, userId, expected) => {
  expect(defaultStateDirectory(env, userId)).toBe(expected);
});
