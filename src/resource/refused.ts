import type { AccessErrorCode } from './access-error.ts';

export type Scheme = 'Bearer' | 'DPoP';

/** What a check found wrong, before it is known how to answer. The text is ours, never the caller's. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: Exclude<AccessErrorCode, 'insufficient_scope'>;

  constructor(code: Refused['code'], description: string, cause?: unknown) {
    super(description, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

export function issuerAway(cause: unknown): Refused {
  return new Refused(
    'issuer_unavailable',
    'The issuer of access tokens cannot be asked at the moment. Try again.',
    cause,
  );
}
