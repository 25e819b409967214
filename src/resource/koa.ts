import type { IncomingMessage } from 'node:http';
import type { Access } from './access.ts';
import { AccessError } from './access-error.ts';
import { answerDocument, type Document } from './document.ts';
import type { Guard, Needs } from './guard.ts';
import { factsOf } from './node-request.ts';
import { pathOf } from './verify.ts';

/** What is used of Koa's context. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly method: string;
  readonly originalUrl: string;
  status: number;
  body: unknown;
  set(headers: Record<string, string>): void;
}

export type KoaMiddleware = (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void>;

export interface KoaMiddlewares {
  /** Answers the RFC 9728 document at its own path, to anybody. */
  readonly metadata: KoaMiddleware;
  /** Lets through who has a valid token with these scopes; an AccessError that is thrown further on is answered, too. */
  readonly protect: (needs?: Needs) => KoaMiddleware;
}

export function koaMiddlewares(
  guard: Guard,
  document: Document,
  accesses: WeakMap<object, Access>,
): KoaMiddlewares {
  return {
    metadata: async (ctx, next) => {
      const request = { method: ctx.method, path: pathOf(ctx.originalUrl) };
      const answer = answerDocument(document, request);
      if (answer) respond(ctx, answer);
      else await next();
    },
    protect: (needs = {}) => {
      guard.checkNeeds(needs);
      return async (ctx, next) => {
        try {
          const before = accesses.get(ctx.req);
          if (before) guard.requireScopes(before, needs.scopes ?? []);
          else
            accesses.set(
              ctx.req,
              await guard.authenticate(factsOf(ctx.req, ctx.originalUrl), needs),
            );
          await next();
        } catch (error) {
          if (!(error instanceof AccessError)) throw error;
          respond(ctx, error);
        }
      };
    },
  };
}

function respond(
  ctx: KoaContext,
  {
    status,
    headers,
    body,
  }: { status: number; headers: Readonly<Record<string, string>>; body: string },
): void {
  ctx.status = status;
  ctx.set({ ...headers });
  ctx.body = body === '' ? null : body;
  // Koa makes 204 of an empty body
  ctx.status = status;
}
