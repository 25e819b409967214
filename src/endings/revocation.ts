import type { ClientTable, Store } from '../store/store.ts';
import type { EndedThing, EndTarget } from './ending.ts';
import { sessionName } from './session-name.ts';

/** Longer than any token can live: refresh lifetimes are at most a year. */
const rememberSeconds = 366 * 86_400;

/** Makes an end in the store, and says what of it was there. */
export function createRevocation(
  store: Pick<Store, 'families' | 'consents' | 'adapter'>,
  clients: Pick<ClientTable, 'remove'>,
): (target: EndTarget) => Promise<readonly EndedThing[]> {
  const ends = store.adapter('SessionEnd');
  return async (target) => {
    switch (target.kind) {
      case 'session':
        // remembered, as its Grants are many: none of them is found any more (`engine/session-end.ts`)
        await ends.upsert(sessionName(target.uid), { uid: target.uid }, rememberSeconds);
        return [target];
      case 'family':
        return (await store.families.end(target.name)) ? [target] : [];
      case 'token':
        await target.forget();
        return [target];
      case 'client':
        return (await clients.remove(target.id)) ? [target] : [];
      case 'consents': {
        const revoked = await store.consents.revoke(target.filter);
        const pairs = Map.groupBy(revoked, ({ subject, clientId }) => `${subject} ${clientId}`);
        return [...pairs.values()].flatMap(([first, ...others]) =>
          first === undefined ? [] : [{ kind: 'consents', consents: [first, ...others] }],
        );
      }
    }
  };
}
