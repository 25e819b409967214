import {
  type JsoncDocument,
  type JsonPath,
  type Problem,
  printPath,
  valueAt,
} from '../schema/document.ts';
import type { Override } from './overrides.ts';

const isSecret = (path: JsonPath): boolean => {
  const name = path.findLast((step) => typeof step === 'string');
  return typeof name === 'string' && /(?:secret|password|token|authkey)$/iu.test(name);
};

/** The value as messages quote it: never a secret, never the inside of an object, at most 200 characters. */
const quote = (value: unknown, path: JsonPath): string => {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (isSecret(path)) return 'the value (not shown)';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 200 ? `${text.slice(0, 200)}…"` : text;
};

export interface Sources {
  /** Path of the file as given; undefined when there is none. */
  readonly file: string | undefined;
  readonly document: JsoncDocument | undefined;
  readonly overrides: readonly Override[];
  /** The file's data with the overrides applied. */
  readonly data: unknown;
}

const beginsWith = (path: JsonPath, start: JsonPath): boolean =>
  start.every((step, index) => path[index] === step);

const where = (path: JsonPath, { file, document, overrides }: Sources): string => {
  const override = overrides.find((candidate) => beginsWith(path, candidate.path));
  if (override !== undefined) return override.source;
  const known = path.map((_, index) => path.slice(0, path.length - index));
  const line = known.map((start) => document?.lineOf(start)).find((found) => found !== undefined);
  const place = file === undefined ? 'configuration' : `${file}${line ? `:${line}` : ''}`;
  return path.length === 0 ? place : `${place}: ${printPath(path)}`;
};

/** `tsidp.jsonc:12: clients[2].redirectUris[0]: "https://…" has a fragment: remove …` */
export const printProblem = (problem: Problem, sources: Sources): string => {
  const { path, text } = problem;
  const value = valueAt(sources.data, path);
  const place = where(path, sources);
  if (value === undefined) return `${place}: is missing; it ${text}`;
  // Of an unknown member the name is what is wrong, and its value may be a secret under a mistyped name.
  if (text.startsWith('is no member') || text.startsWith('stands here')) return `${place}: ${text}`;
  // Text in the place of a structure may be anything, a secret too.
  const isMisplaced = /^must be (?:an object|a list: )/u.test(text) && typeof value === 'string';
  return `${place}: ${isMisplaced ? 'text' : quote(value, path)} ${text}`;
};
