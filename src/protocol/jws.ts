/** RFC 7515 3.1 and 2: three parts in base64url, each the one encoding of its bytes. */
export function isCanonicalJws(jwt: string): boolean {
  const parts = jwt.split('.');
  return (
    parts.length === 3 &&
    parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
  );
}

/** Nothing symmetric: a client's secret is kept as a digest only. */
export const assertionAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'] as const;
