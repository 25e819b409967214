/** What a consent is bound to: whoever asks under any other key has none. */
export interface ConsentKey {
  readonly subject: string;
  readonly clientId: string;
  /** `https://app.example`, `http://127.0.0.1` (any port), or `cursor:` for a private-use scheme. */
  readonly redirectHost: string;
  /** StableID, where the redirect leads back to the device that the person sits at. */
  readonly device: string | undefined;
  /** Of all redirect URIs, for clients whose metadata document may change them. */
  readonly redirectsDigest: string | undefined;
}

/** Scopes that a person allowed a client to get for one resource. Times are epoch seconds. */
export interface Consent extends ConsentKey {
  /** Undefined: the scopes that say who somebody is, which belong to no resource. */
  readonly resource: string | undefined;
  /** Sorted. */
  readonly scopes: readonly string[];
  readonly login: string;
  readonly givenAt: number;
  /** Of the last login that needed no page, within a day; at first `givenAt`. */
  readonly usedAt: number;
  readonly expiresAt: number;
}

export interface ConsentFilter {
  readonly subject?: string | undefined;
  readonly clientId?: string | undefined;
}

/** Writes become durable together with the others of the same request. */
export interface ConsentTable {
  /** What is remembered under this key and has not expired, one item a resource. */
  find(key: ConsentKey): Promise<Consent[]>;
  /**
   * Remembers a consent. Its scopes join those of the same key and resource, and the whole lives until the new end;
   * scopes that were allowed to other redirect URIs (`redirectsDigest`), or have expired, are forgotten.
   */
  save(consent: Omit<Consent, 'usedAt'>): void;
  /** Notes that the consents under this key are in use, if the note that is there is more than a day old. */
  use(key: ConsentKey, nowSeconds: number): void;
  /** Oldest first. */
  list(filter: ConsentFilter): Promise<Consent[]>;
  /**
   * Forgets these consents and ends every login that these people have with these clients, tokens included, in one
   * transaction.
   * @returns what was forgotten
   */
  revoke(filter: ConsentFilter): Promise<Consent[]>;
  /**
   * Forgets what all people allowed a client that is no longer what they looked at. Their logins go on.
   * @returns how many consents there were
   */
  forget(clientId: string): Promise<number>;
}
