/** A client ID metadata document that somebody of the tailnet logged in with. */
export interface KnownDocument {
  readonly url: string;
  /** JSON as it was fetched; undefined: it may not be stored, or is no longer good. */
  readonly document: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** When its host last sent or confirmed it. */
  readonly fetchedAt: number;
  readonly freshUntil: number;
}

export interface DocumentTable {
  find(url: string): Promise<KnownDocument | undefined>;
  /** Inserts or replaces; beyond 500 those are forgotten that were not fetched for longest. */
  save(document: KnownDocument): Promise<void>;
}
