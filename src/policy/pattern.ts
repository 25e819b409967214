/**
 * Finds out which of the wanted texts are given by texts and patterns that come one by one; in a pattern `*` stands
 * for any run of characters. Each pattern is matched in one pass, without backtracking.
 */
export class WantedTexts<Origin> {
  readonly #wanted: ReadonlySet<string>;
  readonly #found = new Map<string, Origin>();
  readonly #patterns = new Set<string>();
  readonly #maxPatterns: number;

  /** @param maxPatterns patterns with a `*` beyond so many different ones are ignored */
  constructor(wanted: ReadonlySet<string>, maxPatterns: number) {
    this.#wanted = wanted;
    this.#maxPatterns = maxPatterns;
  }

  /** @param origin what `find` returns; of several that give the same text the first one's */
  give(pattern: string, origin: Origin): void {
    if (!pattern.includes('*')) {
      if (this.#wanted.has(pattern)) this.#add(pattern, origin);
      return;
    }
    if (this.#patterns.has(pattern) || this.#patterns.size >= this.#maxPatterns) return;
    this.#patterns.add(pattern);
    const parts = pattern.split('*');
    for (const text of this.#wanted) {
      if (matches(parts, text)) this.#add(text, origin);
    }
  }

  find(text: string): Origin | undefined {
    return this.#found.get(text);
  }

  #add(text: string, origin: Origin): void {
    if (!this.#found.has(text)) this.#found.set(text, origin);
  }
}

/** First part at the start, last part at the end, the others in order between: the leftmost place is always good. */
function matches(parts: readonly string[], text: string): boolean {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
