/** Twenty letters that nobody takes for digits or for each other, and that spell no words (RFC 8628 6.1). */
const letters = /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/u;

/** oidc-provider's settings for codes like `WDJB-MJHT`: 34.6 bits. */
export const userCodeFormat = { charset: 'base-20', mask: '****-****' } as const;

/** What a person typed or a link brought, as oidc-provider stores it: without dashes and spaces, in capitals. */
export function normalUserCode(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase()).replace(/\W/g, '');
}

/** The code as devices show it, e.g. `WDJB-MJHT`; undefined for what can be none. */
export function shownUserCode(text: string): string | undefined {
  const code = normalUserCode(text.slice(0, 40));
  return letters.test(code) ? `${code.slice(0, 4)}-${code.slice(4)}` : undefined;
}
