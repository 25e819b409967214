/** Who acts on behalf of the subject (RFC 8693 section 4.1). */
export interface Actor {
  readonly subject: string;
  /** Every member of its `act` claim but the nested `act`. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What a valid access token for this resource says. It never holds the token itself, so it may be logged. */
export interface Access {
  /** `sub`: `userid:<decimal>` for people, `node:<StableID>` for machines. */
  readonly subject: string;
  /** The client that the token was issued to. */
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Who acts for the subject: the current actor first, then whom that one acted for. Empty without delegation. */
  readonly actors: readonly Actor[];
  /** Epoch seconds. */
  readonly expiresAt: number;
  /** The JWT's claims, or the introspection answer: `email`, `groups`, … where the issuer is configured to give them. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export type Claims = Readonly<Record<string, unknown>>;

/** A chain of delegation longer than this is no honest one. */
const maxActors = 16;

/** @returns undefined when a member that every token must have is missing or of another type */
export function readAccess(claims: Claims): Access | undefined {
  const { sub, client_id: clientId, exp, scope = '' } = claims;
  const actors = readActors(claims['act']);
  if (!isFilled(sub) || !isFilled(clientId) || typeof scope !== 'string' || !actors)
    return undefined;
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return undefined;
  const scopes = [...new Set(scope.split(' ').filter((one) => one !== ''))];
  return { subject: sub, clientId, scopes, actors, expiresAt: exp, claims };
}

function readActors(outermost: unknown): Actor[] | undefined {
  const actors: Actor[] = [];
  let current = outermost;
  while (current !== undefined) {
    if (!isObject(current) || actors.length === maxActors) return undefined;
    const { act, ...claims } = current;
    if (!isFilled(claims['sub'])) return undefined;
    actors.push({ subject: claims['sub'], claims });
    current = act;
  }
  return actors;
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
