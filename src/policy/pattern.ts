/**
 * Matches texts against patterns in which `*` stands for any run of characters. Texts without one are looked up at
 * once, and each pattern is matched in one pass, without backtracking.
 */
export class PatternSet<Origin> {
  readonly #exact = new Map<string, Origin>();
  readonly #patterns = new Map<string, { readonly parts: readonly string[]; origin: Origin }>();
  readonly #maxPatterns: number;

  /** @param maxPatterns patterns with a `*` beyond so many different ones are ignored */
  constructor(maxPatterns: number) {
    this.#maxPatterns = maxPatterns;
  }

  /** @param origin what `find` returns for it; of two equal patterns the first one's */
  add(pattern: string, origin: Origin): void {
    if (!pattern.includes('*')) {
      if (!this.#exact.has(pattern)) this.#exact.set(pattern, origin);
    } else if (!this.#patterns.has(pattern) && this.#patterns.size < this.#maxPatterns) {
      this.#patterns.set(pattern, { parts: pattern.split('*'), origin });
    }
  }

  find(text: string): Origin | undefined {
    const exact = this.#exact.get(text);
    if (exact !== undefined) return exact;
    for (const { parts, origin } of this.#patterns.values()) {
      if (matches(parts, text)) return origin;
    }
    return undefined;
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
