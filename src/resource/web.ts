import type { Access } from './access.ts';
import { AccessError } from './access-error.ts';
import { type Answer, answerDocument, type Document } from './document.ts';
import type { Guard, Needs } from './guard.ts';

/** For whatever speaks the Fetch API's `Request` and `Response`. */
export interface WebGuard {
  /** The RFC 9728 document, where the request is for it: answered to anybody. */
  readonly metadata: (request: Request) => Response | undefined;
  /** Who may have what the request asks for, or the refusal to answer with. */
  readonly protect: (request: Request, needs?: Needs) => Promise<Access | Response>;
  /** Answers an AccessError that a handler got of `requireScopes`. */
  readonly refuse: (error: AccessError) => Response;
}

export function webGuard(
  guard: Guard,
  document: Document,
  accesses: WeakMap<object, Access>,
): WebGuard {
  async function admit(request: Request, needs: Needs): Promise<Access> {
    const before = accesses.get(request);
    if (before) {
      guard.requireScopes(before, needs.scopes ?? []);
      return before;
    }
    const { method, headers, url } = request;
    const authorization = headers.get('authorization') ?? undefined;
    const dpop = headers.get('dpop') ?? undefined;
    const access = await guard.authenticate({ method, path: url, authorization, dpop }, needs);
    accesses.set(request, access);
    return access;
  }

  return {
    metadata: ({ method, url }) => {
      const answer = answerDocument(document, { method, path: new URL(url).pathname });
      return answer && respond(answer);
    },
    protect: async (request, needs = {}) => {
      try {
        return await admit(request, needs);
      } catch (error) {
        if (error instanceof AccessError) return respond(error);
        throw error;
      }
    },
    refuse: respond,
  };
}

function respond({ status, headers, body }: Answer | AccessError): Response {
  return new Response(body === '' ? null : body, { status, headers });
}
