import { join } from 'node:path';

/** Where the command line finds a running daemon. */
export function adminSocketPath(stateDirectory: string): string {
  return join(stateDirectory, 'admin.sock');
}

/** What the command line asks there; a client's ID follows a slash. */
export const adminPaths = {
  clients: '/admin/clients',
  secrets: '/admin/secrets',
  marks: '/admin/marks',
} as const;
