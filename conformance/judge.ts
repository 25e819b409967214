import { z } from 'zod';

/** What a run of the MCP conformance package came to, and whether that is what we know of. */

export interface Check {
  readonly scenario: string;
  /** Of the check in its scenario. */
  readonly id: string;
  /** `SUCCESS`, `FAILURE`, `WARNING`, `SKIPPED` or `INFO`. */
  readonly status: string;
  readonly message?: string | undefined;
}

export interface ExpectedFailure {
  readonly scenario: string;
  readonly check: string;
  readonly reason: string;
}

const text = z.string().min(1);
const expectedFile = z.strictObject({
  $schema: z.string().optional(),
  failures: z.array(
    z.strictObject({ scenario: text, check: text, reason: z.string().min(20) }).readonly(),
  ),
});
const checksFile = z.array(
  z.object({ id: text, status: text, errorMessage: z.string().optional() }),
);

/** Reads `expected-failures.json`. @throws ZodError, SyntaxError */
export function readExpected(json: string): readonly ExpectedFailure[] {
  return expectedFile.parse(JSON.parse(json)).failures;
}

/** Reads a scenario's `checks.json`. @throws ZodError, SyntaxError */
export function readChecks(scenario: string, json: string): readonly Check[] {
  return checksFile
    .parse(JSON.parse(json))
    .map(({ id, status, errorMessage: message }) => ({ scenario, id, status, message }));
}

/**
 * What is wrong with the results, one sentence each; none when all is as expected.
 * A skipped check counts as a failure that nothing excuses: the package ends well when it could try nothing.
 * @param needed checks that must have succeeded, as `scenario/check`
 */
export function judge(
  checks: readonly Check[],
  expected: readonly ExpectedFailure[],
  needed: readonly string[],
): string[] {
  const nameOf = (scenario: string, check: string): string => `${scenario}/${check}`;
  const excused = new Set(expected.map(({ scenario, check }) => nameOf(scenario, check)));
  const ran = new Set(checks.map(({ scenario, id }) => nameOf(scenario, id)));
  const failures = checks.filter(({ status }) => status !== 'SUCCESS' && status !== 'INFO');
  const failed = new Set(failures.map(({ scenario, id }) => nameOf(scenario, id)));
  return [
    ...failures
      .filter(
        ({ scenario, id, status }) => status === 'SKIPPED' || !excused.has(nameOf(scenario, id)),
      )
      .map(({ scenario, id, status, message }) =>
        [`${nameOf(scenario, id)}: ${status}`, message].filter(Boolean).join(', '),
      ),
    ...[...excused]
      .filter((name) => !failed.has(name))
      .map((name) => `${name}: expected to fail, but did not; remove the entry`),
    ...needed.filter((name) => !ran.has(name)).map((name) => `${name}: was not run`),
  ];
}
