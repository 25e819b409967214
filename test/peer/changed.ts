import { recorded } from './recorded.ts';

export type Json = Record<string, unknown>;
export interface Answer {
  Node: Json;
  UserProfile: Json;
  CapMap: unknown;
}

/** A recorded answer, changed. */
export function changed(change: (answer: Answer) => unknown, name = 'whois-user'): string {
  const answer = JSON.parse(recorded(name).body) as Answer;
  const instead = change(answer);
  return JSON.stringify(instead === undefined ? answer : instead);
}

/** The recorded status of a node that is up, with other fields. */
export function changedStatus(fields: Json): string {
  const answer = JSON.parse(recorded('status-running-userspace').body) as Json;
  return JSON.stringify({ ...answer, ...fields });
}
