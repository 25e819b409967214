/** Edits (insert, delete, replace, swap neighbours) that turn `from` into `to`. */
const distance = (from: string, to: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
};

/** The known name that `name` was probably meant to be: at most a third of it, or two letters, mistyped. */
export const nearest = (name: string, known: readonly string[]): string | undefined => {
  // Longer input is no typing error, and the comparison costs length times length.
  if (name.length > 64) return undefined;
  const plain = (text: string): string => text.toLowerCase().replace(/[-_]/gu, '');
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(plain(name), plain(candidate)) }))
    .filter(({ candidate }) => candidate !== name)
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  if (best === undefined || best.edits > Math.max(2, Math.floor(name.length / 3))) return undefined;
  return best.candidate;
};

/** `; did you mean "clients"?`, or nothing. */
export const suggestion = (name: string, known: readonly string[]): string => {
  const best = nearest(name, known);
  return best === undefined ? '' : `; did you mean "${best}"?`;
};
