import { readFileSync } from 'node:fs';

/** Prints one closing line with the number of tests that ran in vitest's JSON reports. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
}

const reports = process.argv.slice(2).map((path): Report => JSON.parse(readFileSync(path, 'utf8')));
const sum = (of: (report: Report) => number): number =>
  reports.reduce((total, report) => total + of(report), 0);
console.log(
  `${sum((report) => report.numPassedTests)} passed, ${sum((report) => report.numFailedTests)} failed`,
);
