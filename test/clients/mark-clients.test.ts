import { describe, expect, test } from 'vitest';
import { ClientProblem } from '../../src/clients/client-problem.ts';
import { markClient } from '../../src/clients/mark-clients.ts';
import type { ClientSource, StoredClient } from '../../src/store/store.ts';

const client = (source: ClientSource, metadata: StoredClient['metadata']): StoredClient => ({
  id: 'a',
  metadata: { client_name: 'A', ...metadata },
  secretVerifier: null,
  source,
  createdAt: 1,
  updatedAt: 1,
});

describe('marks on clients that came by themselves', () => {
  const approved = { client_name: 'A', tsidp_approved: true };
  const quarantined = { client_name: 'A', tsidp_quarantined: true };
  test.each([
    ['approve', {}, approved],
    ['approve', quarantined, approved],
    ['quarantine', {}, quarantined],
    ['quarantine', approved, quarantined],
    ['release', quarantined, { client_name: 'A' }],
    ['release', approved, { client_name: 'A' }],
  ] as const)('%s %j is %j', (mark, before, after) => {
    const marked = markClient(client('dynamic', before), mark, 7);
    expect(marked.metadata).toEqual(after);
    expect(marked.updatedAt).toBe(7);
  });

  test('what had registered itself at tsidp is one of them', () => {
    const taken = client('import', { tsidp_dynamic: true });
    expect(markClient(taken, 'approve', 7).metadata).toEqual({
      ...approved,
      tsidp_dynamic: true,
    });
  });

  test.each(['cli', 'admin', 'import', 'config'] as const)('a client of %s is none', (source) => {
    expect(() => markClient(client(source, {}), 'quarantine', 7)).toThrow(ClientProblem);
  });
});
