/** Stands in for what a person can't see. */
const replacement = '\u{fffd}';

/** No text on a page is longer, whatever it claims to be; guards the cost of the steps below, too. */
const longestUnits = 4000;

/**
 * Characters that change how their neighbours look, or that nobody sees: controls and null bytes, bidi controls,
 * zero-width characters, byte order marks, tag characters, lone surrogates, line and paragraph separators. The
 * joiners U+200C and U+200D stay: Persian needs the one and emoji the other.
 */
const deceptive = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** More than four combining marks on one letter paint over the lines above and below. */
const piledMarks = /(\p{M}{4})\p{M}+/gu;

/** Text as it may stand on a page: one line, nothing invisible, nothing that reorders or covers its neighbours. */
export function plainText(text: string): string {
  const bounded = text.length > longestUnits ? cutMiddle(text, longestUnits / 2) : text;
  return bounded
    .replace(/[ \t\r\n\u00a0]+/gu, ' ')
    .replace(deceptive, replacement)
    .replace(piledMarks, '$1');
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** For names and sentences, whose beginning tells most. At most `limit` visible characters, an ellipsis included. */
export function cutEnd(text: string, limit: number): string {
  const parts = graphemes(plainText(text));
  return parts.length <= limit ? parts.join('') : `${parts.slice(0, limit - 1).join('')}…`;
}

/**
 * For logins and hosts, whose end says who is responsible: `grafana.example.com.evil.example` must not be cut to
 * its beginning. At most `limit` UTF-16 code units, an ellipsis included.
 */
export function cutMiddle(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const tail = Math.floor(((limit - 1) * 2) / 3);
  return `${text.slice(0, limit - 1 - tail)}…${text.slice(-tail)}`;
}

/** What an app calls itself, or words for an app that left its name out. */
export function appName(name: string | undefined): string {
  const shown = cutEnd(name ?? '', 60).trim();
  return shown.replaceAll(replacement, '') === '' ? 'an app without a name' : shown;
}
