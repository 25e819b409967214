/** RFC 7591 members, and ours, which begin with `tsidp_`. Never a secret. */
export type ClientMetadata = Readonly<Record<string, unknown>>;
