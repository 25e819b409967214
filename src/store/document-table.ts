/**
 * What is said of a document's client. `approve` and `quarantine`: an administrator; `wait`: it came while new clients
 * wait for one.
 */
export type DocumentMark = 'approve' | 'quarantine' | 'wait';

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
  /** Digest of what a person or an administrator looked at. It outlives the document. */
  readonly seen: string;
}

export interface MarkedDocument extends KnownDocument {
  readonly mark: DocumentMark | undefined;
}

export interface DocumentTable {
  find(url: string): Promise<MarkedDocument | undefined>;
  /** All, those known for longest first. */
  list(): Promise<MarkedDocument[]>;
  /** What is said of it, without the document; undefined: not known. */
  stateOf(url: string): Promise<Pick<MarkedDocument, 'mark'> | undefined>;
  /**
   * Inserts or replaces all but the mark and whoever brought it first. Of those that this person brought, beyond 50 that
   * they allowed something and beyond 50 others, those are forgotten that were not fetched for longest; but none that
   * somebody else allowed something, or that an administrator marked.
   * @param broughtBy subject; undefined: nobody brings it now
   */
  save(document: KnownDocument, broughtBy?: string): Promise<void>;
  /** False when there is no such document. */
  mark(url: string, mark: DocumentMark | undefined): Promise<boolean>;
  /** False when there was none. */
  remove(url: string): Promise<boolean>;
}
