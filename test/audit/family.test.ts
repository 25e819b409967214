import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { findFamily } from '../../src/audit/family.ts';
import type { AuditRecord } from '../../src/store/store.ts';
import { openAudited } from './audited.ts';

const of = (
  event: AuditRecord['event'],
  jti: readonly string[],
  parents: readonly string[] = [],
): AuditRecord => ({ at: 1, event, jti, parents });

/** alice logs in; her token is exchanged twice, one of these once more; another login stands beside. */
const records: AuditRecord[] = [
  of('login', ['g1']),
  of('token', ['g1', 'a1', 'r1']),
  of('login', ['g9']),
  of('exchange', ['g2', 'a2'], ['g1']),
  of('exchange', ['g3', 'a3'], ['g1']),
  of('exchange', ['g4', 'a4'], ['g2', 'm']),
  of('denial', [], ['g4']),
  of('refresh', ['g1', 'a1b', 'r1b']),
  of('token', ['m']),
  of('revocation', ['g1']),
];

async function family(name: string): Promise<(readonly [number, number])[]> {
  const { path } = await openAudited(records);
  const database = new DatabaseSync(path, { readOnly: true });
  const found = findFamily(database, name);
  database.close();
  return found.map(({ row, depth }) => [row.id, depth] as const);
}

describe('the family of a token', () => {
  it.each([
    // everything that came from the login, and not the login beside it
    ...['g1', 'a1', 'r1', 'a1b'].map(
      (name) =>
        [
          name,
          [
            ...[
              [1, 0],
              [2, 0],
              [4, 1],
              [5, 1],
              [6, 2],
              [7, 3],
              [8, 0],
              [10, 0],
            ],
          ],
        ] as const,
    ),
    // its ancestors and what came from it, not its sibling a3
    [
      'a2',
      [
        [1, 0],
        [2, 0],
        [4, 1],
        [6, 2],
        [7, 3],
        [8, 0],
        [10, 0],
      ],
    ],
    [
      'a4',
      [
        [1, 0],
        [2, 0],
        [4, 1],
        [6, 2],
        [7, 3],
        [8, 0],
        [9, 0],
        [10, 0],
      ],
    ],
    [
      'a3',
      [
        [1, 0],
        [2, 0],
        [5, 1],
        [8, 0],
        [10, 0],
      ],
    ],
    ['g9', [[3, 0]]],
    ['unknown', []],
  ] as const)('of %s', async (name, expected) => {
    expect(await family(name)).toEqual(expected);
  });

  it('ends, also where records lead in a circle', async () => {
    const { path } = await openAudited([
      of('exchange', ['x'], ['y']),
      of('exchange', ['y'], ['x']),
    ]);
    const database = new DatabaseSync(path, { readOnly: true });
    expect(findFamily(database, 'x')).toHaveLength(2);
    database.close();
  });
});
