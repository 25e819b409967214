import { refuse } from '../../identity/identify.ts';
import { type Entrance, requestFacts } from './entrance.ts';
import { hostname, takeHost } from './hosts.ts';

/**
 * `admin`: for the command line, over a Unix socket that only our user and root can open. That permission is the
 * credential (T25); a person or machine is nobody here.
 */
export function adminEntrance(issuer: URL): Entrance {
  return {
    origin: issuer,
    exposure: () => 'admin',
    takeHost,
    share: () => undefined,
    isOwnHost: (host) => hostname(host) === 'localhost',
    facts: () => ({ ...requestFacts('admin', async () => refuse('unknown')), admin: true }),
  };
}
