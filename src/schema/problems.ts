import type { z } from 'zod';
import type { JsonPath, Problem } from './document.ts';

/** The schema's issues, one problem for each wrong value or unknown member. */
export const schemaProblems = (error: z.ZodError): Problem[] => problemsOfIssues(error.issues, []);

type Issue = z.ZodError['issues'][number];

const problemsOfIssues = (issues: readonly Issue[], outer: JsonPath): Problem[] =>
  issues.flatMap((issue): Problem[] => {
    const inner = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
    const path = [...outer, ...inner];
    // "one or a list of them": what is wrong is told of the one that was written
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const written = issue.errors.find((found) => found.every(({ path }) => path.length > 0));
      return problemsOfIssues(written ?? issue.errors[0] ?? [], path);
    }
    if (issue.code !== 'unrecognized_keys') return [{ path, text: issue.message }];
    // `members` words one line for each key.
    const lines = issue.message.split('\n');
    return issue.keys.map((key, index) => ({ path: [...path, key], text: lines[index] ?? '' }));
  });
