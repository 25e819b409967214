export type OutgoingFailure =
  /** The URL itself is refused, before anything is asked. */
  | 'url'
  /** The host is at an address that strangers must not make us call. */
  | 'address'
  | 'unresolved'
  | 'connection'
  /** The server's certificate. */
  | 'certificate'
  | 'timeout'
  /** Too many requests of ours are under way. */
  | 'busy'
  | 'redirect'
  | 'type'
  | 'encoding'
  | 'size';

/** They pass by themselves: the same request may succeed later. */
const passing: ReadonlySet<OutgoingFailure> = new Set([
  'unresolved',
  'connection',
  'timeout',
  'busy',
]);

/** Whoever answers for the name can cause them (a name server, a captive portal): the host itself said nothing. */
const unproven: ReadonlySet<OutgoingFailure> = new Set(['address', 'certificate']);

/**
 * Why an outgoing request was not made or its answer not taken. The message follows the URL (`metadata.example is not
 * at a public address`) and names no address, which would tell strangers what a private name resolves to;
 * `cause` has it, for the log.
 */
export class OutgoingError extends Error {
  override name = 'OutgoingError';
  readonly failure: OutgoingFailure;

  constructor(failure: OutgoingFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }

  get passes(): boolean {
    return passing.has(this.failure);
  }

  /** Others than the host may have caused it. */
  get isUnproven(): boolean {
    return unproven.has(this.failure);
  }
}
