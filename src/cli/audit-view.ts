import type { StoredAudit } from '../audit/chain/row.ts';
import { formatTrace, type TraceLine } from '../policy/trace.ts';
import { printable } from './print.ts';

/** Widths that most values fit; longer ones push the rest of their line. */
const widths = { event: 10, who: 26, client: 18 };

/** One record as one line for people: when, what, who through whom, which app, for what, why. */
export function viewRecord(record: StoredAudit, indent = ''): string {
  const time = new Date(record.at * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const who = [record.login ?? record.subject ?? '-', ...(record.actors ?? [])].join(' < ');
  const parts = [
    `${String(record.id).padStart(6)}  ${time}`,
    indent + record.event.padEnd(widths.event),
    who.padEnd(widths.who),
    (record.client ?? '-').padEnd(widths.client),
    ...facts(record),
  ];
  return `${printable(parts.join('  ').trimEnd())}\n`;
}

function facts(record: StoredAudit): string[] {
  const { scope, resource, device, listener, jti, parents, reason, detail = {} } = record;
  const { trace, error, stale, ...rest } = detail;
  const named = (name: string, value: string | undefined) =>
    value === undefined || value === '' ? [] : [`${name}=${value}`];
  const quoted = (value: string | undefined) =>
    value === undefined ? undefined : JSON.stringify(value);
  return [
    ...named('why', quoted(reason)),
    ...named('error', typeof error === 'string' ? error : undefined),
    ...named(
      'trace',
      isTrace(trace) ? quoted(formatTrace(trace).replaceAll('\n', '; ')) : undefined,
    ),
    ...named('resource', resource?.join(',')),
    ...named('scope', scope === undefined ? undefined : quoted(scope)),
    ...named('device', device),
    ...named('via', listener),
    ...named('jti', jti?.join(',')),
    ...named('from', parents?.join(',')),
    ...(stale === true ? ['stale'] : []),
    ...Object.entries(rest).flatMap(([name, value]) =>
      named(name, typeof value === 'string' ? value : JSON.stringify(value)),
    ),
  ];
}

function isTrace(value: unknown): value is readonly TraceLine[] {
  return Array.isArray(value);
}
