import type { Problem } from '../schema/document.ts';

/**
 * Why a client can't be shown or changed. `invalid`: the declaration, see `problems`; `taken`: another client has the
 * ID; `declared`: the configuration file declares it, so it is changed there; `public`: it has no secret;
 * `entered`: it did not come by itself, so it needs no approval.
 */
export type ClientProblemCode =
  | 'invalid'
  | 'taken'
  | 'declared'
  | 'not-found'
  | 'public'
  | 'entered';

/** Whoever shows it knows the words: flags on a command line, fields on a page. */
export class ClientProblem extends Error {
  override name = 'ClientProblem';
  readonly code: ClientProblemCode;
  /** Of the client; empty where a declaration has none yet. */
  readonly id: string;
  /** Members of the declaration, as the configuration file calls them, and what is wrong with each. */
  readonly problems: readonly Problem[];

  constructor(code: ClientProblemCode, id: string, problems: readonly Problem[] = []) {
    super(`client ${code}`);
    this.code = code;
    this.id = id;
    this.problems = problems;
  }
}
