import { describe, expect, test } from 'vitest';
import { ClientProblem } from '../../src/clients/client-problem.ts';
import { markClient } from '../../src/clients/mark-clients.ts';
import type { ClientSource, StoredClient } from '../../src/store/store.ts';

const client = (source: ClientSource, options: StoredClient['options']): StoredClient => ({
  id: 'a',
  metadata: { client_name: 'A' },
  options,
  secretVerifier: null,
  source,
  createdAt: 1,
  updatedAt: 1,
});

describe('marks on clients that came by themselves', () => {
  const approved = { login: 'confirm', approved: true } as const;
  const quarantined = { login: 'confirm', quarantined: true } as const;
  test.each([
    ['approve', { login: 'confirm' }, approved],
    ['approve', quarantined, approved],
    ['quarantine', { login: 'confirm' }, quarantined],
    ['quarantine', approved, quarantined],
    ['release', quarantined, { login: 'confirm' }],
    ['release', approved, { login: 'confirm' }],
  ] as const)('%s %j is %j', (mark, before, after) => {
    const marked = markClient(client('dynamic', before), mark, 7);
    expect(marked.options).toEqual(after);
    expect(marked.updatedAt).toBe(7);
  });

  test('what had registered itself at tsidp is one of them', () => {
    const taken = client('import', { login: 'confirm', dynamic: true });
    expect(markClient(taken, 'approve', 7).options).toEqual({ ...approved, dynamic: true });
  });

  test.each(['cli', 'admin', 'import', 'config'] as const)('a client of %s is none', (source) => {
    expect(() => markClient(client(source, {}), 'quarantine', 7)).toThrow(ClientProblem);
  });
});
