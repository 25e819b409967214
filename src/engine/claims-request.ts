/** The `claims` parameter (OpenID Connect Core 5.5). Pure. */

const targets = ['id_token', 'userinfo'] as const;
/** More than all claims that there are, each with the values that an app takes. */
const maxClaims = 100;
const maxValues = 50;

/**
 * Of a request for single claims what OpenID Connect Core 5.5.1 defines: the rest must be ignored, and would be kept
 * with the login, as long and as deep as it was sent (T37).
 * @returns the same text where it is no such request, for oidc-provider to refuse it
 */
export function knownClaims(text: string): string {
  let asked: unknown;
  try {
    asked = JSON.parse(text);
  } catch {
    return text;
  }
  if (!isObject(asked)) return nonObject;
  const known = targets.flatMap((target) => {
    const claims = asked[target];
    if (claims === undefined) return [];
    return [[target, isObject(claims) ? knownMembers(claims) : isNull(claims)] as const];
  });
  return JSON.stringify(Object.fromEntries(known));
}

/** What is no object is refused whatever it holds. */
const nonObject = '[]';
const isNull = (value: unknown): null | string => (value === null ? null : 'not an object');

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function knownMembers(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(claims)
      .slice(0, maxClaims)
      .map(([name, request]) => [name, isObject(request) ? knownRequest(request) : null]),
  );
}

/** How a claim is asked for: `null` or nothing says "if you have it". */
function knownRequest({ essential, value, values }: Readonly<Record<string, unknown>>) {
  return {
    ...(typeof essential === 'boolean' ? { essential } : {}),
    ...(isPlain(value) ? { value } : {}),
    ...(Array.isArray(values) ? { values: values.slice(0, maxValues).filter(isPlain) } : {}),
  };
}

const isPlain = (value: unknown): boolean =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);
