import type { Interaction, KoaContextWithOIDC } from 'oidc-provider';
import type { ConsentKey } from '../store/consent-table.ts';
import type { Requested } from './requested.ts';

/** What a consent page asks. Kept with the interaction, so that what is given is what was shown. */
export interface ConsentQuestion {
  readonly key: ConsentKey;
  readonly login: string;
  /** StableID of the device that the login began on. */
  readonly device: string;
  readonly requested: Requested;
  /** Known to the page alone; its form proves with it that it is the page. */
  readonly secret: string;
}

/** The question of the page that this interaction shows; undefined when it is about something else. */
export function questionOf({ prompt }: Interaction): ConsentQuestion | undefined {
  return prompt.details['consent'] as ConsentQuestion | undefined;
}

/** The question to which the person of this request answered no, on its page. */
export function refusedConsent({ oidc }: KoaContextWithOIDC): ConsentQuestion | undefined {
  const { Interaction: interaction } = oidc.entities;
  if (interaction?.result?.['error'] !== 'access_denied') return undefined;
  return questionOf(interaction);
}
