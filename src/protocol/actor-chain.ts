/** Who acts for the subject of a token (RFC 8693 section 4.1): the outermost acts now, what is nested acted before. */
export interface Act {
  readonly sub: string;
  /** The client that it used. */
  readonly client_id?: string;
  /** DNS name and tags of a machine. */
  readonly node?: string;
  readonly tags?: readonly string[];
  readonly act?: Act;
}

/** Who alone may become the actor (RFC 8693 section 4.4): this subject, a machine with one of these tags, or this client. */
export interface MayAct {
  readonly sub?: string;
  readonly tags?: readonly string[];
  readonly client_id?: string;
}

/** The subjects of a chain, newest first. Never endless: what we did not build is cut at a hundred. */
export function actorsOf(act: Act | undefined): readonly string[] {
  const subjects: string[] = [];
  for (let one = act; one !== undefined && subjects.length < 100; one = one.act) {
    subjects.push(one.sub);
  }
  return subjects;
}
