/** Why a request may not have what it asked for. */
export type AccessErrorCode =
  | 'no_token'
  | 'invalid_token'
  | 'invalid_dpop_proof'
  | 'insufficient_scope'
  | 'issuer_unavailable';

const statuses = {
  no_token: 401,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  insufficient_scope: 403,
  issuer_unavailable: 503,
} as const satisfies Record<AccessErrorCode, number>;

export interface AccessErrorOptions {
  /** The value of `WWW-Authenticate`; none where it is not the caller's fault. */
  readonly challenge?: string | undefined;
  readonly cause?: unknown;
}

/**
 * A refusal, ready to be answered by any framework: `status`, `headers` and `body` are the whole answer (RFC 6750
 * section 3.1). `cause` says more to the operator and is never sent. Nothing in it is a token or a secret.
 */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly code: AccessErrorCode;
  readonly status: 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;

  constructor(code: AccessErrorCode, description: string, options: AccessErrorOptions = {}) {
    super(description, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.status = statuses[code];
    this.headers = {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      ...(options.challenge === undefined ? {} : { 'WWW-Authenticate': options.challenge }),
      ...(code === 'issuer_unavailable' ? { 'Retry-After': '5' } : {}),
    };
    const error = code === 'issuer_unavailable' ? 'temporarily_unavailable' : code;
    this.body = JSON.stringify({
      ...(code === 'no_token' ? {} : { error }),
      error_description: description,
    });
  }
}
