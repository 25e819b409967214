import type { Clock } from '../clock.ts';
import type { RegistrationConfig } from '../config/registration-schema.ts';
import type { Endings } from '../endings/ending.ts';
import type { BareLoginEmail, EmailVerified } from '../identity/claims.ts';
import type { Oracle } from '../identity/oracle.ts';
import type { LoginLimit } from '../limits/login-limit.ts';
import type { TokenLimit } from '../limits/token-limit.ts';
import type { CapabilityScopes } from '../policy/capability-scopes.ts';
import type { OwnNode } from '../policy/suggest.ts';
import type { ConsentTable } from '../store/consent-table.ts';
import type { RecordDenial, RequestAudit } from './denials.ts';
import type { EnterSettings } from './enter.ts';
import type { Pages, RegistrationFacts } from './pages.ts';
import type { ResourceDirectory } from './resources.ts';

/** Lifetimes in seconds. */
export interface Lifetimes {
  readonly codeSeconds: number;
  readonly accessTokenSeconds: number;
  readonly idTokenSeconds: number;
  /** A refresh token that is not used this long ends. */
  readonly refreshIdleSeconds: number;
  /** Nobody refreshes longer than this after the login. */
  readonly refreshAbsoluteSeconds: number;
  /** How long a rotated refresh token is still answered; 0 for not at all. */
  readonly refreshGraceSeconds: number;
  readonly sessionSeconds: number;
  /** How long a page may wait for its button. */
  readonly interactionSeconds: number;
  /** Device codes (RFC 8628 3.2, `expires_in`) and how long a device waits between two polls (`interval`). */
  readonly deviceCodeSeconds: number;
  readonly devicePollSeconds: number;
}

export interface TokenExchangeSettings {
  readonly enabled: boolean;
  /** How many actors a chain may have. */
  readonly maxDepth: number;
}

/** Everything that the provider's hooks need, resolved from the configuration at start. */
export interface ProviderSettings extends EnterSettings {
  /** Without trailing slash. */
  readonly issuer: string;
  readonly login: 'clickless' | 'confirm';
  readonly emailVerified: EmailVerified;
  readonly bareLoginEmail: BareLoginEmail;
  readonly lifetimes: Lifetimes;
  readonly clock: Clock;
  readonly oracle: Oracle;
  /** Our own node, for grants to suggest; without tags and addresses while tailscaled has not said. */
  readonly ownNode: () => OwnNode;
  readonly audit: RequestAudit;
  /** In the place of `audit`, for denials. */
  readonly recordDenial: RecordDenial;
  readonly consents: ConsentTable;
  readonly endings: Endings;
  /** How long a consent is remembered. */
  readonly consentSeconds: number;
  /** Who registered a client, and when; undefined where nobody wrote it down. */
  readonly registrationOf: (clientId: string) => Promise<RegistrationFacts | undefined>;
  readonly pages: Pages;
  readonly deviceLimits: DeviceLimits;
  readonly loginLimit: LoginLimit;
  readonly tokenLimit: TokenLimit;
  /** The resources that an operator declared. */
  readonly resources: ResourceDirectory;
  readonly capabilityScopes: readonly CapabilityScopes[];
  readonly tokenExchange: TokenExchangeSettings;
  readonly registration: RegistrationConfig;
  /** Hears that a person is in so many groups of the tailnet that the app is told of none of them, for the log. */
  readonly onTooManyGroups?: (subject: string, clientId: string, count: number) => void;
}

/**
 * What keeps the device flow from being tried out or filled up. In memory and bounded: a restart forgets it, and
 * nothing that is issued rests on it.
 */
export interface DeviceLimits {
  /** Takes one try to enter a user code; seconds to wait instead when there were too many wrong ones. */
  takeGuess(subject: string): number;
  /** The code was right: the try does not count. */
  returnGuess(subject: string): void;
  /** Counts a device code for a client without a secret; seconds to wait instead when there were too many. */
  takeRequest(clientId: string, share: string, known: boolean): number;
  /** Notes that a waiting device code was asked for again; true when that was too soon (RFC 8628 3.5). */
  polledTooSoon(deviceCode: string): boolean;
}
