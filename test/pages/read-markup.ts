const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

/** Where the attributes of a tag are open to text from outside, only their number and names are compared. */
const open = /^(form action|form action="[^"]*")/u;

export interface Markup {
  /** Start tags with their attributes in alphabetical order, e.g. `form action="/x" method="post"`. */
  readonly tags: string[];
  /** Everything that is shown, tags cut out and entities resolved. */
  readonly text: string;
  /** Code points of characters that nobody should have to trust. */
  readonly invisible: string[];
}

const attribute = / ([a-z-]+)="([^"<>]*)"/gu;
const startTag = /<([a-z][a-z0-9]*)((?: [a-z-]+="[^"<>]*")*)>/gu;

/**
 * A reader far stricter than a browser: every `<` begins a tag of exactly the shape our source writes, every `&` one of
 * five entities, every attribute is quoted, every element closed. What a browser would have to guess throws.
 */
export function readMarkup(document: string): Markup {
  const rest = document
    .replace('<!DOCTYPE html>', '')
    .replace(/<style>[^<]*<\/style>/u, '<style></style>');
  requireNesting(rest);
  const tags = Array.from(rest.matchAll(startTag), ([, name, attributes]) => {
    const list = Array.from((attributes ?? '').matchAll(attribute), ([, key, value]) =>
      open.test(`${name} ${key}`) && !/^(?:https?:\/\/idp\.example)?\/[a-z0-9/]*$/u.test(value!)
        ? `${key}=…`
        : `${key}="${value}"`,
    );
    return [name, ...list.sort()].join(' ');
  });
  const cut = rest.replace(/<\/?[a-z][^<>]*>/gu, '');
  const foreign = cut.match(/[<>]/u);
  if (foreign)
    throw new Error(`markup outside of tags: ${cut.slice(foreign.index ?? 0).slice(0, 80)}`);
  const text = cut.replace(/&[^;]{0,6};?/gu, (entity) => {
    const character = entities[entity];
    if (character === undefined) throw new Error(`a bare ampersand: ${entity}`);
    return character;
  });
  const invisible = document.match(/[^\P{C}\n\u200c\u200d]|[\p{Zl}\p{Zp}]/gu) ?? [];
  return { tags, text, invisible: invisible.map((one) => one.codePointAt(0)!.toString(16)) };
}

const empty = new Set(['meta', 'input']);

function requireNesting(document: string): void {
  const stack: string[] = [];
  for (const [whole, end, name] of document.matchAll(/<(\/?)([a-z][a-z0-9]*)[^<>]*>/gu)) {
    if (end === '/') {
      const begun = stack.pop();
      if (begun !== name) throw new Error(`${whole} closes ${begun}`);
    } else if (!empty.has(name!)) stack.push(name!);
  }
  if (stack.length > 0) throw new Error(`never closed: ${stack.join(', ')}`);
}
