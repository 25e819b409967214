import type { Access } from './access.ts';
import type { AccessError } from './access-error.ts';
import { challengeError } from './challenge.ts';
import { readCredentials } from './credentials.ts';
import type { CheckedOptions } from './options.ts';
import { Refused, type Scheme } from './refused.ts';
import { type RequestFacts, verifier } from './verify.ts';

export interface Needs {
  /** All of them must be in the token. Default: none. */
  readonly scopes?: readonly string[];
  /** What a client without a token is told to ask for. Default: `scopes`. */
  readonly askFor?: readonly string[];
}

export interface Guard {
  /** @throws AccessError */
  authenticate(request: RequestFacts, needs?: Needs): Promise<Access>;
  /** @throws AccessError insufficient_scope */
  requireScopes(access: Access, scopes: readonly string[]): void;
  scopesToAskFor(access: Access, scopes: readonly string[]): readonly string[] | undefined;
  /** @throws TypeError when a scope is none of this resource's */
  checkNeeds(needs: Needs): void;
}

/** Judges requests, and says in HTTP's words why not. */
export function createGuard(options: CheckedOptions, metadataUrl: string): Guard {
  const verify = verifier(options);
  const { scopes: known, onRefusal } = options;

  function told(error: AccessError): AccessError {
    onRefusal?.(error);
    return error;
  }

  function checkNeeds({ scopes = [], askFor = [] }: Needs): void {
    const unknown = [...scopes, ...askFor].find((scope) => known && !known.includes(scope));
    if (unknown === undefined) return;
    throw new TypeError(`"${unknown}" is none of the scopes of ${options.resource}`);
  }

  /** Those of this resource that the token has, too: a client that asks for these alone loses none. */
  function scopesToAskFor(
    access: Access,
    scopes: readonly string[],
  ): readonly string[] | undefined {
    if (scopes.every((scope) => access.scopes.includes(scope))) return undefined;
    const kept = access.scopes.filter((scope) => known?.includes(scope));
    return [...new Set([...kept, ...scopes])];
  }

  function requireScopes(access: Access, needed: readonly string[]): void {
    const scopes = scopesToAskFor(access, needed);
    if (!scopes) return;
    const scheme = access.claims['cnf'] === undefined ? 'Bearer' : 'DPoP';
    const description = `The access token lacks a scope: ${needed.join(' ')}.`;
    throw told(
      challengeError({ scheme, metadataUrl, code: 'insufficient_scope', description, scopes }),
    );
  }

  async function identify(request: RequestFacts, askFor: readonly string[]): Promise<Access> {
    let scheme: Scheme = 'Bearer';
    try {
      const sent = readCredentials(request.authorization);
      if (!sent) throw new Refused('no_token', 'This resource needs an access token.');
      scheme = sent.scheme;
      return await verify(request, sent);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { code, message: description, cause } = error;
      throw told(challengeError({ scheme, metadataUrl, code, description, scopes: askFor, cause }));
    }
  }

  return {
    async authenticate(request, needs = {}) {
      checkNeeds(needs);
      const { scopes = [], askFor = scopes } = needs;
      const access = await identify(request, askFor);
      requireScopes(access, scopes);
      return access;
    },
    requireScopes(access, scopes) {
      checkNeeds({ scopes });
      requireScopes(access, scopes);
    },
    scopesToAskFor,
    checkNeeds,
  };
}
