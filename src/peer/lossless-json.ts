declare global {
  /** ECMAScript's "JSON.parse source text access", in Node 24 but not in TypeScript's libraries. */
  interface JSON {
    parse(
      text: string,
      reviver: (
        this: unknown,
        key: string,
        value: unknown,
        context: { source?: string },
      ) => unknown,
    ): unknown;
    /** A value that `JSON.stringify` writes as exactly this text. */
    rawJSON(text: string): RawJson;
    isRawJSON(value: unknown): value is RawJson;
  }
}

/** A number with all its digits, where a double would lose some. */
export interface RawJson {
  readonly rawJSON: string;
}

/**
 * A number of 16 or more characters, or with an exponent, where JSON has a value: only those can lose digits.
 * It may also match inside a string, which costs time and nothing else.
 */
const suspiciousNumber = /(?:^|["\s]:|[[,\s])-?\d[\d.]*(?:(?<=[\d.]{16})|[eE])/;

/**
 * `JSON.parse` that loses no digit: a number that a double can't hold becomes `JSON.rawJSON` of its source, so that
 * `JSON.stringify` writes it back as it was. A `__proto__` key is dropped: copied into an object it would become its
 * prototype.
 * @throws SyntaxError
 */
export function parseLossless(text: string): unknown {
  // a reviver makes parsing several times slower, and almost no answer needs one
  const plain =
    !text.includes('__proto__') && !text.includes('\\u') && !suspiciousNumber.test(text);
  return plain ? JSON.parse(text) : JSON.parse(text, revive);
}

function revive(key: string, value: unknown, { source }: { source?: string }): unknown {
  if (key === '__proto__') return undefined;
  if (typeof value !== 'number' || source === undefined) return value;
  return isExact(value, source) ? value : JSON.rawJSON(source);
}

/** Would the double be written with the same digits? */
function isExact(value: number, source: string): boolean {
  const written = String(value);
  return written === source || normalised(written) === normalised(source);
}

/** The same text for the same decimal number: sign, digits without zeros at either end, exponent of ten. */
function normalised(decimal: string): string {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(decimal) ?? [];
  const leading = `${whole}${fraction}`.replace(/^0+/, '');
  if (leading === '') return '0';
  const digits = trimZeros(leading);
  const power = Number(exponent) - fraction.length + (leading.length - digits.length);
  return `${sign}${digits}e${power}`;
}

/** Not by a regular expression: `/0+$/` is quadratic in the zeros of a hostile number. */
function trimZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

/**
 * The decimal text of an integer that `parseLossless` read.
 * @returns undefined for anything else, a fraction included
 */
export function integerText(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? String(BigInt(value)) : undefined;
  if (!JSON.isRawJSON(value)) return undefined;
  return /^-?\d+$/.test(value.rawJSON) ? value.rawJSON : undefined;
}
