import { errors } from 'oidc-provider';
import type { Refused } from './load.ts';

const words: Readonly<Record<Refused['reason'], string>> = {
  peer: 'too many of your requests are under way: wait for their answers',
  all: 'too many requests at once, or shutting down',
};

/** A request that was turned away before anything was done for it; 503 with Retry-After (RFC 9110 15.6.4). */
export class Shed extends errors.TemporarilyUnavailable {
  readonly reason: Refused['reason'];
  /** Whose request it was. */
  readonly share: string | undefined;

  constructor(reason: Refused['reason'], share: string | undefined) {
    super(words[reason]);
    this.status = 503;
    this.statusCode = 503;
    this.reason = reason;
    this.share = share;
  }
}
