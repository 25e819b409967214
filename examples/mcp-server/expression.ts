/** The code that `run_code` runs: arithmetic. It can name nothing, so it can reach nothing. */

const maxLength = 200;
const maxDepth = 20;

type Operation = (left: number, right: number) => number;

/** By how strongly they bind, weakest first; all lead from left to right. */
const levels: readonly Readonly<Record<string, Operation>>[] = [
  { '+': (left, right) => left + right, '-': (left, right) => left - right },
  {
    '*': (left, right) => left * right,
    '/': (left, right) => left / right,
    '%': (left, right) => left % right,
  },
];

const tokenPattern = /\s*(\d+(?:\.\d+)?|[-+*/%()])/y;

/**
 * The value of an expression such as `(1 + 2) * 3.5`.
 * @throws Error whose message may be shown to the caller
 */
export function evaluate(code: string): number {
  if (code.length > maxLength) throw new Error(`Code is at most ${maxLength} characters long.`);
  const rest = tokensOf(code.trimEnd());
  const value = readLevel(rest, 0, 0);
  if (rest.length > 0) throw new Error(`"${rest[0]}" was not expected.`);
  if (!Number.isFinite(value)) throw new Error('The result is no number.');
  return value;
}

function tokensOf(code: string): string[] {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < code.length) {
    const at = tokenPattern.lastIndex;
    const token = tokenPattern.exec(code)?.[1];
    if (token === undefined) {
      throw new Error(`Numbers, + - * / % and brackets only; see character ${at + 1}.`);
    }
    tokens.push(token);
  }
  return tokens;
}

function readLevel(rest: string[], level: number, depth: number): number {
  const operations = levels[level];
  if (!operations) return readValue(rest, depth);
  let value = readLevel(rest, level + 1, depth);
  for (;;) {
    const operation = operations[rest[0] ?? ''];
    if (!operation) return value;
    rest.shift();
    value = operation(value, readLevel(rest, level + 1, depth));
  }
}

function readValue(rest: string[], depth: number): number {
  if (depth > maxDepth) throw new Error(`Brackets and signs nest at most ${maxDepth} deep.`);
  const token = rest.shift();
  if (token === '-') return -readValue(rest, depth + 1);
  if (token === '(') {
    const value = readLevel(rest, 0, depth + 1);
    if (rest.shift() !== ')') throw new Error('A bracket is not closed.');
    return value;
  }
  if (token === undefined || !/^\d/u.test(token)) {
    throw new Error(
      token === undefined ? 'Something is missing at the end.' : `"${token}" was not expected.`,
    );
  }
  return Number(token);
}
