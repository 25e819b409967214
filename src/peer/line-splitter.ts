const newline = 0x0a;

/**
 * Lines from chunks of bytes, wherever the chunks are cut. Memory is bounded: a line longer than `maxLineBytes` is
 * passed on cut there.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #maxLineBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(onLine: (line: string) => void, maxLineBytes: number) {
    this.#onLine = onLine;
    this.#maxLineBytes = maxLineBytes;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(newline, start);
      if (end === -1) break;
      this.#keep(chunk.subarray(start, end));
      this.#flush();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  #keep(part: Buffer): void {
    const room = this.#maxLineBytes - this.#bytes;
    if (part.length === 0 || room <= 0) return;
    const kept = part.subarray(0, room);
    this.#parts.push(kept);
    this.#bytes += kept.length;
  }

  /** Decodes a line as a whole, so that a character cut by a chunk's end is no concern. */
  #flush(): void {
    const line = Buffer.concat(this.#parts).toString('utf8').trimEnd();
    this.#parts = [];
    this.#bytes = 0;
    if (line !== '') this.#onLine(line);
  }
}
