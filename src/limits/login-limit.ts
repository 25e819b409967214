import type { Clock } from '../clock.ts';
import { createRateLimit } from './rate-limit.ts';

/** Somebody who begins a login. */
export interface Visitor {
  /** `shareOf` the request. */
  readonly device: string;
  /** Whose devices share. */
  readonly subject: string;
}

/** What one device may begin, so that it leaves a bounded number of rows (T39). Both return seconds to wait, or 0. */
export interface LoginLimit {
  takeLogin(visitor: Visitor): number;
  /** A page that waits for a click: what it needs is kept for as long as it may wait. */
  takePage(visitor: Visitor): number;
}

const windowSeconds = 60;
const pagesEach = 120;
/** What all devices of a person may, as a multiple of one. */
const perPerson = 2;

/** @param logins of one device in a minute: far more than its apps ask for that renew themselves in many tabs */
export function createLoginLimit(clock: Clock, logins: number): LoginLimit {
  const limit = (each: number) =>
    createRateLimit({ clock, windowSeconds, each, together: each * perPerson });
  const [all, pages] = [limit(logins), limit(pagesEach)];
  return {
    takeLogin: ({ device, subject }) => all.take({ clientId: '', peer: device }, subject),
    takePage: ({ device, subject }) => pages.take({ clientId: '', peer: device }, subject),
  };
}
