/**
 * Text for a terminal. Names may come from clients that registered themselves: escape sequences and characters that
 * turn the direction of text are shown as such, so that no name can rewrite what stands beside it.
 */

const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

export const printable = (text: string): string => text.replace(unprintable, '\uFFFD');

/** JSON over several lines, ASCII escapes in the place of what could steer a terminal. */
export const printJson = (value: unknown): string =>
  `${JSON.stringify(value, undefined, 2)
    .split('\n')
    .map((line) => line.replace(unprintable, escaped))
    .join('\n')}\n`;

/** JSON that is one line already. */
export const printJsonLine = (line: string): string => `${line.replace(unprintable, escaped)}\n`;

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Rows under headings, columns as wide as their widest cell. */
export const printTable = (rows: readonly (readonly string[])[]): string => {
  const cells = rows.map((row) => row.map(printable));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells
    .map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`)
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
};

/** A secret that we made, as it is printed this one time. */
export const shownOnce = (secret: string): string =>
  `${secret}   (shown this once: only a digest of it is kept)`;
