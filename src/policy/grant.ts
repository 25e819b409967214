import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import type { CapMap } from '../peer/whois.ts';
import { type RuleFields, ruleFields, ruleSchema, tsidpEmpty } from './rule.ts';
import { weigh } from './weight.ts';

/** The capability under which the tailnet policy's grants speak to us. */
export const capability = 'tailscale.com/cap/tsidp';

export interface Rule extends RuleFields {
  /** Its place in the capability's list, from 0. */
  readonly index: number;
}

export interface RuleProblem {
  readonly index: number;
  /** Names the place inside the rule, never a value of it. */
  readonly message: string;
}

export interface UnknownField {
  readonly index: number;
  /** Printable ASCII, at most 60 characters. */
  readonly field: string;
}

export interface Rules {
  readonly rules: readonly Rule[];
  /** Malformed rules; each was dropped whole. Rules only ever give, so dropping one never widens anything. */
  readonly problems: readonly RuleProblem[];
  /** Fields that we don't know, at most 1000 of them. Their rules count all the same. */
  readonly unknownFields: readonly UnknownField[];
}

const maxRules = 10_000;
const maxDepth = 32;
const maxRuleWeight = 65_536;
const maxTotalWeight = 4_194_304;
const maxUnknownFields = 1000;

const nothing: Rules = { rules: [], problems: [], unknownFields: [] };
const known: ReadonlySet<string> = new Set(ruleFields);
/** Every name that a place inside a rule may have in a message; others come from the policy and may be anything. */
const places: ReadonlySet<string> = new Set([
  ...ruleFields,
  'login',
  'username',
  'email',
  'resource',
]);
const parsed = new WeakMap<object, Rules>();

/** The rules that this peer's grants hold for us. Remembered per whois answer, so that one answer is parsed once. */
export function rulesOf(capMap: CapMap | null | undefined): Rules {
  if (!capMap) return nothing;
  let rules = parsed.get(capMap);
  if (!rules) {
    rules = parseRules(capabilityValues(capMap, capability));
    parsed.set(capMap, rules);
  }
  return rules;
}

/** The values under a capability; empty where it is not granted, and where it is granted without any. */
export function capabilityValues(
  capMap: CapMap | null | undefined,
  name: string,
): readonly unknown[] {
  const values: unknown = capMap && Object.hasOwn(capMap, name) ? capMap[name] : undefined;
  return Array.isArray(values) ? values : [];
}

/** Never throws, whatever the values are. */
export function parseRules(values: readonly unknown[]): Rules {
  const rules: Rule[] = [];
  const problems: RuleProblem[] = [];
  const unknownFields: UnknownField[] = [];
  let total = 0;
  for (const [index, value] of values.slice(0, maxRules).entries()) {
    const weight = weigh(value, { maxDepth, maxWeight: maxRuleWeight });
    total += weight ?? 0;
    const fits = weight !== undefined && total <= maxTotalWeight;
    const read = fits ? recallFields(value) : 'too long, or too deep';
    if (typeof read === 'string') {
      problems.push({ index, message: read });
      continue;
    }
    rules.push({ ...read, index });
    unknownFields.push(...unknownOf(read, index));
  }
  if (values.length > maxRules) {
    problems.push({ index: maxRules, message: `more than ${maxRules} rules; the rest is ignored` });
  }
  return { rules, problems, unknownFields: unknownFields.slice(0, maxUnknownFields) };
}

/** Rules as they were read last: one grant's rule comes with every device that it reaches, second after second. */
const readRules = new LRUCache<string, RuleFields | string>({
  maxSize: 4_194_304,
  sizeCalculation: (_, text) => text.length + 100,
});

/** @param value no deeper than `maxDepth`: JSON text of anything deeper could not be made */
function recallFields(value: unknown): RuleFields | string {
  const text = JSON.stringify(value) ?? '';
  const known = readRules.get(text);
  if (known !== undefined) return known;
  const read = readFields(value);
  readRules.set(text, read);
  return read;
}

/** @returns what is wrong, where the value is no rule */
function readFields(value: unknown): RuleFields | string {
  // a number that a double can't hold is an object, too
  if (JSON.isRawJSON(value)) return 'must be an object';
  const { success, data, error } = ruleSchema.safeParse(withoutNulls(value));
  if (!success) return describe(error.issues[0]);
  return JSON.isRawJSON(Object(value).extraClaims) ? 'extraClaims must be an object' : data;
}

/** As Go reads them: null is the empty value. Only in tsidp's fields. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  if (!entries.some(([, member]) => member === null)) return value;
  return Object.fromEntries(
    entries.map(([field, member]) => [
      field,
      member === null && Object.hasOwn(tsidpEmpty, field) ? tsidpEmpty[field] : member,
    ]),
  );
}

function describe(issue: z.core.$ZodIssue | undefined): string {
  if (!issue) return 'malformed';
  const path = issue.path
    .map((key) => (typeof key === 'number' || places.has(String(key)) ? String(key) : '…'))
    .join('.');
  return `${path} ${issue.message}`.trim();
}

function unknownOf(fields: RuleFields, index: number): UnknownField[] {
  return Object.keys(fields)
    .filter((field) => !known.has(field))
    .map((field) => ({ index, field: printable(field) }));
}

function printable(field: string): string {
  return field.slice(0, 60).replace(/[^\x21-\x7e]/gu, '?');
}
