import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Check, judge, readChecks, readExpected } from '../../conformance/judge.ts';

const success: Check = { scenario: 'grant', id: 'code', status: 'SUCCESS' };
const failure: Check = { scenario: 'grant', id: 'iss', status: 'FAILURE', message: 'no iss' };
const known = { scenario: 'grant', check: 'iss', reason: 'a reason that says enough' };
const needed = ['grant/code'];

describe('what the conformance run takes for good', () => {
  test.each<[string, Check[], (typeof known)[], RegExp[]]>([
    ['all well', [success, { ...success, id: 'note', status: 'INFO' }], [], []],
    ['a failure', [success, failure], [], [/^grant\/iss: FAILURE, no iss$/]],
    ['a warning', [success, { ...failure, status: 'WARNING' }], [], [/WARNING/]],
    ['a status of tomorrow', [success, { ...failure, status: 'MAYBE' }], [], [/MAYBE/]],
    ['an expected failure', [success, failure], [known], []],
    ['a stale entry', [success, { ...failure, status: 'SUCCESS' }], [known], [/remove the entry/]],
    ['an entry for no check at all', [success], [known], [/remove the entry/]],
    [
      'a needed check that was skipped',
      [{ ...success, status: 'SKIPPED' }],
      [],
      [/^grant\/code: SKIPPED/],
    ],
    [
      'a skipped check that is expected to fail',
      [success, { ...failure, status: 'SKIPPED' }],
      [known],
      [/SKIPPED/],
    ],
    ['nothing', [], [], [/^grant\/code: was not run$/]],
  ])('%s', (_name, checks, expected, problems) => {
    expect(judge(checks, expected, needed)).toEqual(
      problems.map((problem) => expect.stringMatching(problem)),
    );
  });

  test('reads the file of the package', () => {
    const json = JSON.stringify([{ id: 'a', status: 'FAILURE', errorMessage: 'why', more: 1 }]);
    expect(readChecks('grant', json)).toEqual([
      { scenario: 'grant', id: 'a', status: 'FAILURE', message: 'why' },
    ]);
    expect(() => readChecks('grant', '{}')).toThrow();
  });

  test('knows of no failure today, and takes none without a reason', () => {
    const file = new URL('../../conformance/expected-failures.json', import.meta.url);
    expect(readExpected(readFileSync(file, 'utf8'))).toEqual([]);
    const { reason: _, ...bare } = known;
    expect(() => readExpected(JSON.stringify({ failures: [bare] }))).toThrow();
  });
});
