import type { Finding } from './finding.ts';

/** The first names. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

const maxTexts = 20;

/** Findings of one kind: whom each concerns, not one line for every device. */
export class Groups {
  readonly #whom = new Map<string, Set<string>>();

  add(text: string, who: string): void {
    const whom = this.#whom.get(text) ?? new Set();
    this.#whom.set(text, whom.add(who));
  }

  findings(make: (text: string) => Finding): Finding[] {
    const all = [...this.#whom].map(([text, whom]) => `${text} (${listed([...whom])})`);
    const more = all.length - maxTexts;
    const shown = all.slice(0, maxTexts);
    return [...shown, ...(more > 0 ? [`and ${more} more like these`] : [])].map(make);
  }
}
