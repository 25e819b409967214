import type { Consent, ConsentFilter } from '../store/consent-table.ts';
import type { AuditRecord } from '../store/store.ts';

/** Why something ends that somebody, or something of ours, decided to end. */
export const decisions = [
  /** Of a person, who signs out here. */
  'logout',
  /** Of an app, which gives its token back (RFC 7009). */
  'revocation',
  /** `tsidp tokens revoke`. */
  'administrator',
  'consent-revoked',
  /** By an administrator. */
  'client-removed',
  /** By the client itself (RFC 7592). */
  'client-left',
  /** A registration that nobody used. */
  'client-unused',
  /** A code came twice (RFC 6749 4.1.2). */
  'code-replay',
  /** A refresh token came again after its rotation (RFC 9700 4.14.2). */
  'refresh-replay',
] as const;
export type EndDecision = (typeof decisions)[number];

/** Why something ends that turned out to be worth nothing when it was used: the denial stands in the audit log. */
export const refusals = [
  /** Deleted, or tagged as another machine. */
  'device-gone',
  'device-expired',
  'device-given-away',
  'client-gone',
  /** No grant of the policy, or nothing that an operator said, lets it in any more. */
  'not-admitted',
] as const;
export type EndRefusal = (typeof refusals)[number];

export type EndReason = EndDecision | EndRefusal;

/** What is to end. */
export type EndTarget =
  /** A browser session, by oidc-provider's `uid`: with it ends all that apps got through it. */
  | { readonly kind: 'session'; readonly uid: string }
  /** All tokens of an authorization or exchange, and all that were exchanged for them; by its whole name. */
  | { readonly kind: 'family'; readonly name: string }
  /** One token of a family that lives on. */
  | { readonly kind: 'token'; readonly forget: () => Promise<void> }
  /** A client with its tokens, consents and registration. */
  | { readonly kind: 'client'; readonly id: string }
  /** What people allowed to clients, and the families under it. */
  | { readonly kind: 'consents'; readonly filter: ConsentFilter };

/** What has ended: of consents, those of one person at one client. */
export type EndedThing =
  | Exclude<EndTarget, { kind: 'consents' }>
  | { readonly kind: 'consents'; readonly consents: readonly [Consent, ...Consent[]] };

/** Who ended it, and whatever else the audit log should say; the rest is known from what ended. */
export type EndRecord = Omit<Partial<AuditRecord>, 'event' | 'jti'>;

interface Decided {
  readonly why: EndDecision;
  readonly record: EndRecord;
}

interface Refused {
  readonly why: EndRefusal;
  readonly record?: undefined;
}

export type Ending = { readonly what: EndTarget } & (Decided | Refused);

export type Ended = { readonly what: EndedThing } & (Decided | Refused);

/** Hears of everything that has ended, in the unit of writes in which it did: what it writes stands or falls with it. */
export type HearEnded = (ended: Ended) => void | Promise<void>;

export interface Endings {
  /**
   * The one way in which a session, a family of tokens, a client or a consent ends.
   * @returns what did; empty where it was not there, which nobody hears of
   */
  end(ending: Ending): Promise<readonly Ended[]>;
}
