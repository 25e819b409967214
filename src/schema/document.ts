import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';

export type JsonPath = readonly (string | number)[];

/** Something wrong at one place of the configuration; `text` follows the value there. */
export interface Problem {
  readonly path: JsonPath;
  readonly text: string;
}

export interface JsoncDocument {
  readonly value: unknown;
  /** Trouble with the text itself, each beginning with `LINE:COLUMN`; it never quotes what stands there. */
  readonly syntaxErrors: readonly string[];
  readonly problems: readonly Problem[];
  /** The line of what stands at a path, from 1; undefined where nothing does. */
  lineOf(path: JsonPath): number | undefined;
}

/** `invalidCommaOrBracket`-like codes of the parser as words. */
const describe = (error: ParseError): string =>
  printParseErrorCode(error.error)
    .replace(/([a-z])([A-Z])/gu, '$1 $2')
    .toLowerCase();

const repeatedMembers = (node: Node, path: JsonPath): Problem[] => {
  if (node.type === 'array') {
    return (node.children ?? []).flatMap((item, index) => repeatedMembers(item, [...path, index]));
  }
  if (node.type !== 'object') return [];
  const seen = new Set<string>();
  return (node.children ?? []).flatMap((property) => {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) return [];
    const name = String(key.value);
    const here = [...path, name];
    const repeated = seen.has(name) ? [{ path: here, text: 'stands here twice: remove one' }] : [];
    seen.add(name);
    return [...repeated, ...repeatedMembers(value, here)];
  });
};

/**
 * Reads JSON with comments and trailing commas. A member that stands twice is a problem, as only one could count.
 * @param options.strict plain JSON: comments and trailing commas are syntax errors
 */
export const parseDocument = (text: string, { strict = false } = {}): JsoncDocument => {
  // Spaces keep the offsets: editors on Windows write a byte order mark.
  const source = text.replace(/^\uFEFF/u, ' ');
  const errors: ParseError[] = [];
  const root = parseTree(source, errors, {
    allowTrailingComma: !strict,
    disallowComments: strict,
  });
  const lineAt = (offset: number): number => source.slice(0, offset).split('\n').length;
  const columnAt = (offset: number): number => offset - source.lastIndexOf('\n', offset - 1);
  return {
    value: root === undefined ? undefined : getNodeValue(root),
    syntaxErrors: errors.map(
      (error) => `${lineAt(error.offset)}:${columnAt(error.offset)}: ${describe(error)}`,
    ),
    problems: root === undefined ? [] : repeatedMembers(root, []),
    lineOf(path) {
      const node = root === undefined ? undefined : findNodeAtLocation(root, [...path]);
      return node === undefined ? undefined : lineAt(node.offset);
    },
  };
};

/** `clients[2].redirectUris[0]` */
export const printPath = (path: JsonPath): string =>
  path
    .map((step) => {
      if (typeof step === 'number') return `[${step}]`;
      return /^[\w$]+$/u.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
    })
    .join('')
    .replace(/^\./u, '');

/** What stands at a path of plain JSON data. */
export const valueAt = (root: unknown, path: JsonPath): unknown =>
  path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string | number, unknown>)[step]
        : undefined,
    root,
  );
