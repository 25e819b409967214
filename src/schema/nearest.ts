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

/**
 * The known URI or scope that `text` was probably meant to be: another spelling of capitals, scheme or final slash, or
 * one letter mistyped. Hosts that differ by more, or by a number, are other hosts.
 */
export const spelledLike = (text: string, known: readonly string[]): string | undefined => {
  const plain = (written: string): string =>
    written
      .toLowerCase()
      .replace(/^http:/u, 'https:')
      .replace(/\/$/u, '');
  const meant = plain(text);
  const others = known.filter((candidate) => candidate !== text);
  const same = others.find((candidate) => plain(candidate) === meant);
  if (same !== undefined || text.length > 256) return same;
  const uncounted = (written: string): string => plain(written).replace(/\d+/gu, '0');
  return others.find(
    (candidate) =>
      uncounted(candidate) !== uncounted(text) &&
      Math.abs(candidate.length - text.length) <= 2 &&
      distance(meant, plain(candidate)) <= 1,
  );
};
