import type { Client } from 'oidc-provider';
import type { Identified } from '../identity/identity.ts';
import { type Decision, denied } from '../policy/decision.ts';
import { rulesOf } from '../policy/grant.ts';
import { machineResources } from '../policy/machine-resources.ts';
import { canonicalResource } from '../protocol/resource.ts';
import { optionsOf } from './client-settings.ts';
import { appOf, enter } from './enter.ts';
import { isPeer, machineClientId } from './peer-client.ts';
import type { ProviderSettings } from './settings.ts';

/** Whose token it is, as tailscaled says now, and the client that it was issued to. */
export interface Holder {
  readonly known: Extract<Identified, { ok: true }>;
  readonly client: Client;
}

/** A login may go on while its person may enter the app. */
export function mayStillEnter({ known, client }: Holder, settings: ProviderSettings): Decision {
  return enter(appOf(client), known, settings);
}

/** A machine's own token is good while the machine is that client, and grants name its resource where nobody registered it. */
export function mayStillBe({ known, client }: Holder, audience: readonly string[]): Decision {
  const { identity } = known;
  const { peer } = optionsOf(client);
  if (!peer || identity.kind !== 'machine' || !isPeer(peer, identity)) {
    return denied([{ reason: 'this machine is no longer the client' }], []);
  }
  const named = machineResources({ identity, rules: rulesOf(known.capMap) });
  const isNamed = audience.every((uri) => named.includes(canonicalResource(uri)));
  if (client.clientId === machineClientId(identity) && !isNamed) {
    return denied([{ reason: 'no grant names the resource of this token any more' }], []);
  }
  return { allowed: true, trace: [] };
}
