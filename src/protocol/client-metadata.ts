/** RFC 7591 members. Never a secret, and nothing that a client may not say of itself. */
export type ClientMetadata = Readonly<Record<string, unknown>>;
