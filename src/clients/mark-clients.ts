import { cameByItself } from '../access/self-registered.ts';
import type { StoredClient } from '../store/store.ts';
import { ClientProblem } from './client-problem.ts';

/**
 * What an administrator says of a client that came by itself. `approve`: it is one of ours, people enter it without
 * being asked; `quarantine`: nobody enters it; `release`: neither, people are asked.
 */
export const marks = ['approve', 'quarantine', 'release'] as const;
export type Mark = (typeof marks)[number];

const flags: Readonly<Record<Mark, StoredClient['options']>> = {
  approve: { approved: true },
  quarantine: { quarantined: true },
  release: {},
};

/** @throws ClientProblem `entered` for a client that an operator entered: it is what it was entered as */
export function markClient(client: StoredClient, mark: Mark, atSeconds: number): StoredClient {
  if (!cameByItself(client)) throw new ClientProblem('entered', client.id);
  const { approved: _, quarantined: __, ...rest } = client.options;
  return { ...client, options: { ...rest, ...flags[mark] }, updatedAt: atSeconds };
}
