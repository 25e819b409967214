import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from './access.ts';
import { AccessError } from './access-error.ts';
import { answerDocument, type Document } from './document.ts';
import type { Guard, Needs } from './guard.ts';
import { factsOf } from './node-request.ts';
import { pathOf } from './verify.ts';

/** Express, Connect and plain `node:http` all have it. */
export type ConnectMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

export interface ConnectMiddlewares {
  /** Answers the RFC 9728 document at its own path, to anybody. */
  readonly metadata: ConnectMiddleware;
  /** Lets through who has a valid token with these scopes. */
  readonly protect: (needs?: Needs) => ConnectMiddleware;
  /** Answers an AccessError that a handler got of `requireScopes`. */
  readonly refuse: (response: ServerResponse, error: AccessError) => void;
}

export function connectMiddlewares(
  guard: Guard,
  document: Document,
  accesses: WeakMap<object, Access>,
): ConnectMiddlewares {
  async function admit(request: IncomingMessage, needs: Needs): Promise<void> {
    const before = accesses.get(request);
    if (before) guard.requireScopes(before, needs.scopes ?? []);
    else
      accesses.set(request, await guard.authenticate(factsOf(request, targetOf(request)), needs));
  }

  return {
    metadata: (request, response, next) => {
      const path = pathOf(targetOf(request));
      const answer = answerDocument(document, { method: request.method ?? '', path });
      if (answer) respond(response, answer);
      else next();
    },
    protect: (needs = {}) => {
      guard.checkNeeds(needs);
      return (request, response, next) => {
        admit(request, needs).then(
          () => next(),
          (error: unknown) =>
            error instanceof AccessError ? respond(response, error) : next(error),
        );
      };
    },
    refuse: respond,
  };
}

/** Express cuts the path that a router is mounted at off `url`. */
function targetOf(request: IncomingMessage & { originalUrl?: string }): string {
  return request.originalUrl ?? request.url ?? '/';
}

function respond(
  response: ServerResponse,
  {
    status,
    headers,
    body,
  }: { status: number; headers: Readonly<Record<string, string>>; body: string },
): void {
  response.writeHead(status, headers).end(body);
}
