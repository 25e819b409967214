import { createScanner, type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { parseLossless } from '../peer/lossless-json.ts';

/** A tailnet or policy file that can't be used. The message names the file and the place inside it. */
export class TailnetFileError extends Error {
  override readonly name = 'TailnetFileError';
}

/** A bare JSON number with exactly these digits, even above 2^53. */
export function exactNumber(decimal: string): unknown {
  const number = Number(decimal);
  return String(number) === decimal ? number : JSON.rawJSON(decimal);
}

/**
 * JSON with comments and trailing commas, as Tailscale writes its policy files. Numbers that a double can't hold
 * become `JSON.rawJSON` values, which `JSON.stringify` writes back digit by digit.
 * @throws TailnetFileError naming `source`, line and column
 */
export function parseHujson(text: string, source: string): unknown {
  const content = text.replace(/^\uFEFF/, '');
  const errors: ParseError[] = [];
  parse(content, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) {
    throw new TailnetFileError(
      `${source}:${position(content, error.offset)}: ${printParseErrorCode(error.error)}`,
    );
  }
  try {
    return parseLossless(withoutComments(content));
  } catch (cause) {
    throw new TailnetFileError(`${source}: ${(cause as Error).message}`, { cause });
  }
}

/** jsonc-parser itself reads numbers as doubles: so only its scanner is used, to drop what JSON doesn't have. */
function withoutComments(content: string): string {
  const scanner = createScanner(content, true);
  const tokens: string[] = [];
  for (;;) {
    scanner.scan();
    const offset = scanner.getTokenOffset();
    const token = content.slice(offset, offset + scanner.getTokenLength());
    if (token === '') return tokens.join('');
    if ((token === '}' || token === ']') && tokens.at(-1) === ',') tokens.pop();
    tokens.push(token);
  }
}

function position(content: string, offset: number): string {
  const before = content.slice(0, offset).split('\n');
  return `${before.length}:${(before.at(-1) ?? '').length + 1}`;
}
