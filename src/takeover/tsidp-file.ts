import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { parseLossless } from '../peer/lossless-json.ts';
import { type JsonPath, parseDocument, printPath } from '../schema/document.ts';
import { TakeoverError } from './takeover-error.ts';

/** One of tsidp's JSON files, read and left as it is. */
export interface TsidpFile {
  readonly path: string;
  /** As `parseLossless` gives it. */
  readonly value: unknown;
  /** `FILE:LINE: PATH TEXT`, as every message about a place in it reads. */
  readonly say: (path: JsonPath, text: string) => string;
}

const maxBytes = 64 * 1024 * 1024;
const othersWrite = 0o022;

/**
 * @returns undefined when there is no such file
 * @throws {TakeoverError}
 */
export function readTsidpFile(path: string): TsidpFile | undefined {
  const bytes = readBytes(path);
  if (bytes === undefined) return undefined;
  try {
    return parse(path, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof TakeoverError) throw error;
    // the parsers' own messages quote what stands there, which may be a secret
    const what = error instanceof RangeError ? 'is nested too deeply' : 'is not JSON in UTF-8';
    throw refused(path, what, error);
  }
}

function parse(path: string, text: string): TsidpFile {
  const document = parseDocument(text, { strict: true });
  const [first] = document.syntaxErrors;
  // what follows the first error are mostly its consequences
  if (first !== undefined || document.value === undefined) {
    const isEmpty = first === undefined || text.trim() === '';
    const place = isEmpty ? `${path}: is empty` : `${path}:${first}`;
    throw new TakeoverError([
      `${place}. The file is cut short or was edited by hand: repair it, or take it from a backup. Nothing was taken over`,
    ]);
  }
  const say = (at: JsonPath, what: string): string => {
    // of what is missing, the line of what it is missing from
    const known = [at, ...at.map((_, index) => at.slice(0, at.length - 1 - index))];
    const line = known.map((start) => document.lineOf(start)).find((found) => found !== undefined);
    const place = `${path}:${line ?? 1}`;
    return at.length === 0 ? `${place}: ${what}` : `${place}: ${printPath(at)} ${what}`;
  };
  if (document.problems.length > 0) {
    throw new TakeoverError([
      ...document.problems.map((problem) => say(problem.path, problem.text)),
      'Nothing was taken over',
    ]);
  }
  return { path, value: parseLossless(text.replace(/^\uFEFF/u, '')), say };
}

function readBytes(path: string): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const stats = fstatSync(file);
    if (!stats.isFile()) throw refused(path, 'is not a file');
    if (stats.size > maxBytes) throw refused(path, 'is larger than 64 MiB: tsidp did not write it');
    if (stats.mode & othersWrite) {
      const mode = (stats.mode & 0o777).toString(8);
      throw refused(
        path,
        `is writable by others (mode ${mode}), so its content can't be trusted: look at what is in it, then: chmod 600 ${path}`,
      );
    }
    return readFileSync(file);
  } catch (error) {
    if (error instanceof TakeoverError) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw refused(path, `can't be read: ${error instanceof Error ? error.message : error}`, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function refused(path: string, what: string, cause?: unknown): TakeoverError {
  return new TakeoverError([`${path}: ${what}. Nothing was taken over`], { cause });
}
