import type { Answers, Attack, Target } from '../attack.ts';
import { allowApp } from '../consent.ts';
import { openSites } from '../document-host.ts';
import { attackerAt } from '../people.ts';
import { authorizeUrl } from '../victim.ts';
import { count, flood } from '../wire.ts';

/** Documents that the daemon keeps of one kind. */
const room = 500;
const redirectUri = 'https://agent.test/callback';

const documentAt = ({ sitePorts }: Target, index: number) => ({
  id: `http://127.0.0.1:${sitePorts[index % sitePorts.length]}/agent-${index}`,
  redirectUri,
});

/** As many clients as there may be, brought and allowed by one member, at every device of theirs. */
export const documents: Attack = {
  name: 'documents',
  what: 'hundreds of clients that are metadata documents, brought and allowed by one member',
  listener: 'demo',
  victims: 'document',
  sites: 1,
  async run(target, signal, begun) {
    await using _ = await openSites(target.sitePorts, 0);
    const answers: Answers = {};
    let index = 0;
    // the first hundreds are there before victims are measured, as far as they may be; a short attack has none
    const atFirst = target.seconds < 10 ? 0 : room;
    const worker = async (): Promise<void> => {
      while (!signal.aborted) {
        if (index >= atFirst) begun();
        const app = documentAt(target, index);
        const { loopback } = attackerAt(index++);
        await allowApp(target.issuer, app, loopback).then(
          ({ status, code }) => count(answers, code === undefined ? status : 'allowed'),
          () => count(answers, 'cut'),
        );
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    return answers;
  },
};

export const slowHosts: Attack = {
  name: 'slow-hosts',
  what: 'clients whose documents are at hosts that never answer, while others bring theirs',
  listener: 'demo',
  victims: 'new-document',
  sites: 40,
  async run(target, signal, begun) {
    await using _ = await openSites(target.sitePorts, Number.POSITIVE_INFINITY);
    const bring = (index: number) => ({ path: authorizeUrl(documentAt(target, index)) });
    begun();
    return flood(target, 60, bring, signal);
  },
};
