import { describe, expect, test } from 'vitest';
import { clientOptionsSchema } from '../../src/config/client-options.ts';
import {
  isOwnMember,
  joinMembers,
  showMembers,
  splitMembers,
  withoutOwnMembers,
} from '../../src/store/client-members.ts';

const metadata = { client_name: 'A', redirect_uris: ['https://a.test/'] };
const said = { tsidp: { approved: true }, tsidp_approved: true, tsidp_login: 'clickless' };

describe('what we and operators say of a client', () => {
  test.each(Object.keys(clientOptionsSchema.shape))('%s: kept as one, shown in its own', (name) => {
    const options = { [name]: ['anything'] };
    expect(joinMembers({ metadata, options })).toEqual({ ...metadata, tsidp: options });
    expect(splitMembers(joinMembers({ metadata, options }))).toEqual({ metadata, options });
    const shown = showMembers({ metadata, options });
    expect(Object.keys(shown).filter(isOwnMember)).toHaveLength(1);
    expect(splitMembers(shown)).toEqual({ metadata, options });
  });

  test('T15 no client says it of itself', () => {
    expect(withoutOwnMembers({ ...metadata, ...said })).toEqual(metadata);
    const row = joinMembers({ metadata: { ...metadata, ...said }, options: {} });
    expect(splitMembers(row)).toEqual({ metadata, options: {} });
    // nor in a row that somebody else wrote it into
    const { tsidp: _, ...flat } = said;
    expect(splitMembers({ ...row, ...flat }).options).toEqual({});
  });
});
