import type { Clock } from '../clock.ts';
import { shortNameLength } from '../store/family-table.ts';
import type { AuditEvent, AuditRecord, AuditTable } from '../store/store.ts';
import type { EndedThing, HearEnded } from './ending.ts';

const events: Readonly<Record<EndedThing['kind'], AuditEvent>> = {
  session: 'logout',
  family: 'revocation',
  token: 'revocation',
  client: 'client',
  consents: 'consent',
};

/** One record for everything that somebody ended. What ended by itself has the record of the denial that showed it. */
export function auditEndings(audit: Pick<AuditTable, 'append'>, clock: Clock): HearEnded {
  return ({ what, record }) => {
    if (record === undefined) return;
    const { detail, ...who } = record;
    const { detail: more, ...thing } = told(what);
    const details = { ...detail, ...more };
    audit.append({
      at: clock.nowSeconds(),
      ...who,
      ...thing,
      event: events[what.kind],
      detail: Object.keys(details).length > 0 ? details : undefined,
    });
  };
}

function told(what: EndedThing): Partial<AuditRecord> {
  switch (what.kind) {
    case 'family':
      return { jti: [what.name.slice(0, shortNameLength)] };
    case 'client':
      return { client: what.id };
    case 'consents': {
      const { consents } = what;
      const [{ subject, login, clientId }] = consents;
      const resources = [...new Set(consents.flatMap(({ resource }) => resource ?? []))];
      return {
        subject,
        login,
        client: clientId,
        scope: [...new Set(consents.flatMap(({ scopes }) => scopes))].join(' '),
        ...(resources.length > 0 ? { detail: { resources } } : {}),
      };
    }
    case 'session':
    case 'token':
      return {};
  }
}
