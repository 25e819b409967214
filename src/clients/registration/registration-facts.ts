import type { RegistrationFacts } from '../../access/pages.ts';
import type { Store } from '../../store/store.ts';

/** What is known of how a client came. Those of metadata documents are registered nowhere. */
export function registrationFacts({
  registrations,
  clients,
}: Pick<Store, 'registrations' | 'clients'>): (
  id: string,
) => Promise<RegistrationFacts | undefined> {
  return async (id) => {
    const registration = await registrations.find(id);
    if (registration) {
      const { registeredAt: at, login: by, subject } = registration;
      return { at, by, isAnonymous: subject === undefined };
    }
    const client = await clients.find(id);
    return client && { at: client.createdAt, by: undefined, isAnonymous: false };
  };
}
