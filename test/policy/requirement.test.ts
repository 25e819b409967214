import { describe, expect, test } from 'vitest';
import { requirementSchema } from '../../src/policy/requirement.ts';

const full = {
  groups: ['engineering', 'Ops team'],
  tags: ['tag:ci'],
  capability: 'example.com/cap/wiki',
  device: { os: ['macOS', 'windows'], sharedIn: false },
};

test('every member is read as it stands, and none is needed', () => {
  expect(requirementSchema.parse(full)).toEqual(full);
  expect(requirementSchema.parse({})).toEqual({});
});

describe('the configuration refuses', () => {
  test.each<[unknown, string]>([
    ['engineering', 'must be an object: { … }'],
    [{ groups: [] }, 'must be a list of 1 to 100 entries'],
    [{ groups: ['a', 'a'] }, 'is in the list twice: remove one'],
    [{ groups: ['a\u202e'] }, 'must be 1 to 200 printable characters'],
    [{ tags: ['ci'] }, 'must be a tag such as "tag:ci"'],
    [{ capability: 'a b' }, 'must be a capability such as "example.com/cap/wiki"'],
    [{ device: { os: 'linux' } }, 'must be a list: [ … ]'],
    [{ device: { sharedIn: 'no' } }, 'must be true or false'],
    // a misspelt restriction must not be ignored
    [{ group: ['a'] }, 'is no member here; did you mean "groups"?'],
    [{ device: { OS: ['linux'] } }, 'is no member here; did you mean "os"?'],
  ])('%j', (value, message) => {
    const { error } = requirementSchema.safeParse(value);
    expect(error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});
