import { hash } from 'node:crypto';

/** What a Grant keeps of its session: enough to know it again, not to find it. */
export function sessionName(uid: string): string {
  return hash('sha256', `session ${uid}`, 'hex').slice(0, 32);
}
