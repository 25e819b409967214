import type { ServerResponse } from 'node:http';
import { type Answer, respond, textAnswer } from './routes.ts';

/**
 * `hang` accepts and never answers; `nonsense` is JSON of the wrong shape; `truncated` promises more than it sends,
 * then closes; `html` is a page with status 200; `error500` a plain-text 500.
 */
export type Fault = 'none' | 'hang' | 'nonsense' | 'truncated' | 'error500' | 'html';

const wholeAnswers: Readonly<Record<'nonsense' | 'error500' | 'html', Answer>> = {
  nonsense: {
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ Node: ['?'], UserProfile: 42, CapMap: 'none', Self: 'me', TUN: 'yes' }),
  },
  error500: textAnswer(500, 'internal error'),
  html: {
    status: 200,
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
    body: '<!doctype html><title>Welcome</title><p>Please log in.',
  },
};

export function misbehave(fault: Exclude<Fault, 'none'>, response: ServerResponse): void {
  if (fault === 'hang') return;
  if (fault === 'truncated') {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 2000 });
    // the bytes must leave before the connection breaks, or the client sees no answer at all
    response.write('{"Node":{"ID":3,"Stab', () => response.destroy());
    return;
  }
  respond(response, wholeAnswers[fault]);
}
