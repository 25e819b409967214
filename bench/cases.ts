import type { Algorithm } from './processes.ts';

export interface Case {
  readonly name: string;
  /** Signs the ID token. */
  readonly algorithm: Algorithm;
  /** Logins under way at once, each on a connection of its own. */
  readonly connections: number;
  /**
   * `returning`: the browser keeps its session cookie and its connection, as it does when a person opens one app
   * after another. `first`: neither, so each login makes a session and asks tailscaled who is there.
   */
  readonly visit: 'returning' | 'first';
  /** Logins that are measured, after the warm-up. */
  readonly logins: number;
}

export const cases: readonly Case[] = [
  { name: 'rs256-16', algorithm: 'RS256', connections: 16, visit: 'returning', logins: 5000 },
  { name: 'rs256-1', algorithm: 'RS256', connections: 1, visit: 'returning', logins: 2000 },
  { name: 'es256-16', algorithm: 'ES256', connections: 16, visit: 'returning', logins: 5000 },
  { name: 'es256-1', algorithm: 'ES256', connections: 1, visit: 'returning', logins: 2000 },
  { name: 'first-visit', algorithm: 'RS256', connections: 16, visit: 'first', logins: 5000 },
  // long enough to see whether memory stays flat
  { name: 'memory', algorithm: 'RS256', connections: 16, visit: 'returning', logins: 20_000 },
];
