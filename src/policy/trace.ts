import type { Rules } from './grant.ts';

/** One step of a decision: which rule, which field, with what outcome. Page, audit and log print the same. */
export interface TraceLine {
  /** Place of the rule in the capability's list, from 0; undefined for what no rule says. */
  readonly rule?: number;
  readonly field: string;
  /** Names nobody but the one who asks, and no value of a rule. */
  readonly outcome: string;
}

const maxProblems = 20;
const maxNotes = 200;

/**
 * Collects a trace in bounded space. `note` is for what did not help, and is left out beyond the first 200;
 * `conclude` is for what decided, and always stays.
 */
export class Trace {
  readonly #lines: TraceLine[] = [];
  #notes = 0;
  #left = 0;

  constructor(rules: Rules) {
    for (const { index, message } of rules.problems.slice(0, maxProblems)) {
      this.#lines.push({ rule: index, field: 'rule', outcome: `ignored, malformed: ${message}` });
    }
    const more = rules.problems.length - maxProblems;
    if (more > 0) {
      this.#lines.push({ field: 'rule', outcome: `${more} more are ignored, malformed` });
    }
  }

  note(line: TraceLine): void {
    this.#notes += 1;
    if (this.#notes <= maxNotes) this.#lines.push(line);
    else this.#left += 1;
  }

  conclude(line: TraceLine): void {
    this.#lines.push(line);
  }

  lines(): readonly TraceLine[] {
    if (this.#left === 0) return this.#lines;
    return [...this.#lines, { field: 'trace', outcome: `${this.#left} more lines are left out` }];
  }
}

/** The trace as text, one line a step: `rule 0: clients: allows this app`. */
export function formatTrace(trace: readonly TraceLine[]): string {
  return trace
    .map(({ rule, field, outcome }) =>
      rule === undefined ? `${field}: ${outcome}` : `rule ${rule}: ${field}: ${outcome}`,
    )
    .join('\n');
}
