export interface CookieNames {
  readonly session: string;
  readonly interaction: string;
  readonly resume: string;
}

/**
 * Browsers don't keep the cookies of two ports of one host apart (RFC 6265 section 8.5): another daemon there would
 * overwrite our session, and end the page that somebody looks at. So the names tell the port, where the issuer has
 * one. The prefixes are RFC 6265bis 4.1.3's.
 */
export function cookieNames(issuer: string): CookieNames {
  const { protocol, port } = new URL(issuer);
  const name = (prefix: string, what: string) =>
    `${protocol === 'https:' ? prefix : ''}tsidp${what}${port === '' ? '' : `-${port}`}`;
  return {
    session: name('__Host-', ''),
    interaction: name('__Secure-', '-page'),
    resume: name('__Secure-', '-resume'),
  };
}
