import Provider from 'oidc-provider';
import { knownFacts, shareOf } from '../../access/request.ts';
import { subjectOf } from '../../identity/subject.ts';
import type { Asker } from '../../outgoing/slots.ts';

/** On whose behalf the request under way makes us ask a host; undefined outside of any. A person's devices are one. */
export async function currentAsker(): Promise<Asker | undefined> {
  const facts = Provider.ctx && knownFacts(Provider.ctx);
  if (!facts) return undefined;
  const identified = await facts.identify();
  return identified.ok
    ? { name: subjectOf(identified.identity), isStranger: false }
    : { name: await shareOf(facts), isStranger: true };
}
