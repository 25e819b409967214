import { expect, test } from 'vitest';
import { readGroups, readVisibleGroups } from '../../src/peer/profile-groups.ts';
import { parseWhois } from '../../src/peer/whois-answer.ts';
import { changed } from './changed.ts';

test.each<[string, unknown, readonly string[] | undefined]>([
  [
    'groups of the policy and of an identity provider, as they are spelled',
    ['engineering@example.com', 'group:eng', 'group:sales@example.com'],
    ['engineering@example.com', 'group:eng', 'group:sales@example.com'],
  ],
  ['a bare word, which could pass for a group of a grant', ['admin'], ['group:admin']],
  ['not there', undefined, undefined],
  ['null', null, undefined],
  ['empty, which Go does not tell from absent', [], undefined],
  ['no list', 'group:eng', undefined],
  ['an object', { groups: ['group:eng'] }, undefined],
  ['entries of other kinds', [7, null, ['group:a'], { name: 'group:b' }, 'group:c'], ['group:c']],
  ['nothing but such entries', [7, '', 'group:'], undefined],
  ['control characters', ['group:a\n', 'group:a\u202eb', 'group:b'], ['group:b']],
  ['one twice', ['group:a', 'group:a'], ['group:a']],
  ['a name without end', ['group:'.padEnd(5000, 'x'), 'group:b'], ['group:b']],
])('UserProfile.Groups: %s', (_, value, expected) => {
  expect(readGroups(value)).toEqual(expected);
  const body = changed(({ UserProfile }) => {
    UserProfile['Groups'] = value;
  });
  // whatever it is, it locks nobody out
  expect(parseWhois(body, 0).profile.groups).toEqual(expected);
});

test('T14 of a million groups ten thousand are read', () => {
  const groups = Array.from({ length: 1_000_000 }, (_, index) => `group:${index}`);
  expect(readGroups(groups)).toHaveLength(10_000);
});

test.each<[string, Record<string, unknown>, readonly string[] | undefined]>([
  ['not there', { funnel: [] }, undefined],
  ['all', { 'tailscale.com/visible-groups': [{ groups: ['*'] }] }, ['*']],
  [
    'several',
    { 'tailscale.com/visible-groups': [{ groups: ['group:a'] }, { groups: ['b@c'] }] },
    ['group:a', 'b@c'],
  ],
  ['without values', { 'tailscale.com/visible-groups': null }, []],
  ['nonsense', { 'tailscale.com/visible-groups': [7, null, 'x', { groups: 7 }] }, []],
])('the node attribute: %s', (_, attributes, expected) => {
  expect(readVisibleGroups(attributes)).toEqual(expected);
});
