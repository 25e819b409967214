import { mayRegister } from '../clients/registration/registrant.ts';
import {
  describePeer,
  type ExplainSite,
  type Explanation,
  grantFor,
  nobody,
  outcomeOf,
} from './explanation.ts';
import type { Candidate } from './tailnet-view.ts';

/** May this device register clients (RFC 7591), in the configured mode? */
export function explainRegister({ device, identified }: Candidate, site: ExplainSite): Explanation {
  const { mode, quarantine } = site.config.registration;
  const decision = mayRegister(identified, mode);
  if (!identified.ok) {
    // where everybody may, nobody may, too
    return { ...nobody(device, identified.refusal), ...outcomeOf(decision) };
  }
  return {
    ...describePeer(device, identified),
    ...outcomeOf(decision),
    ...(quarantine
      ? {
          notes: [
            'new clients wait until an administrator releases them (registration.quarantine)',
          ],
        }
      : {}),
    ...(decision.allowed ? {} : grantFor(decision.remedy, identified, site)),
  };
}
