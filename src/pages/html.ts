import { plainText } from './text.ts';

/**
 * Markup that is safe to send. The private field makes the type nominal: no string, and nothing shaped like this
 * class, is assignable to it, so text can't slip into a page as markup.
 */
class Markup {
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  toString(): string {
    return this.#source;
  }
}

export type Html = Markup;

/** Arrays are joined without a separator; `undefined` and `false` print nothing. */
export type Interpolation =
  | string
  | number
  | Html
  | false
  | undefined
  | readonly (string | number | Html)[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe in element content, in `<title>` and in quoted attribute values; not in `<script>`, `<style>` or URLs. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/**
 * The only way to make markup: what stands in the source is markup, what is interpolated is text (made visible by
 * `plainText`, then escaped) unless it was made by this tag itself. Attribute values must be quoted in the source.
 */
export function html(source: TemplateStringsArray, ...values: readonly Interpolation[]): Html {
  let markup = source[0] ?? '';
  for (const [index, value] of values.entries()) {
    markup += print(value) + (source[index + 1] ?? '');
  }
  return new Markup(markup);
}

/** More than any grant that we suggest. */
const longestPreformatted = 3000;

/** Text that keeps its lines and spaces, for `<pre>`: who copies it gets what is shown. Cut at 3000 characters. */
export function preformatted(text: string): Html {
  const bounded =
    text.length > longestPreformatted ? `${text.slice(0, longestPreformatted - 1)}…` : text;
  const parts = bounded.split(/([ \n]+)/u).map((part, index) => {
    // what the pattern caught stands at the odd places
    return index % 2 === 1 ? part : escapeHtml(plainText(part));
  });
  return new Markup(parts.join(''));
}

function print(value: Interpolation): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.toString();
  if (typeof value === 'string') return escapeHtml(plainText(value));
  if (typeof value === 'number') return String(value);
  return value.map(print).join('');
}
