import { type Denied, denied } from './decision.ts';

/**
 * The answer to everybody while a client that registered itself waits for an administrator. No grant changes it.
 * @param clientId printable ASCII without white space, as we make them
 */
export function decideQuarantine(clientId: string): Denied {
  const reason = `this app registered itself and waits for an administrator: "tsidp clients release ${clientId}" lets people enter`;
  return denied(
    [{ reason }],
    [{ field: 'quarantine', outcome: 'an administrator must release it' }],
  );
}
