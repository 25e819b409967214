import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { type AuditRow, fromRow } from '../audit/chain/row.ts';
import { findFamily } from '../audit/family.ts';
import { auditLine } from '../audit/line.ts';
import { systemClock } from '../clock.ts';
import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import type { ParsedFlags } from '../config/flags.ts';
import { suggestion } from '../schema/nearest.ts';
import { type AuditFilter, AuditReader } from '../store/sqlite/audit-reader.ts';
import { databasePath } from '../store/sqlite/open.ts';
import { connectToRead, openToRead } from '../store/sqlite/read-only.ts';
import { auditEvents } from '../store/store.ts';
import { viewRecord } from './audit-view.ts';
import { CommandError, defineCommand, type Io, UsageError } from './command.ts';
import { printJsonLine } from './print.ts';
import { readMoment } from './time-span.ts';

const usualLimit = 50;
const pollMs = 500;

export const audit = defineCommand({
  name: 'audit',
  usage:
    '[--subject S] [--client C] [--device D] [--event E] [--since T] [--until T] [--limit N] [--follow] [--json] | --chain JTI [--json]',
  summary:
    'print the audit log: who got what, where, through whom and why, also while the daemon runs',
  positionals: 0,
  flags: {
    ...configFlags,
    subject: { type: 'string', value: 'S', help: 'only of this subject, login or actor' },
    client: { type: 'string', value: 'C', help: 'only of this client ID' },
    device: { type: 'string', value: 'D', help: 'only of the device with this StableID' },
    event: { type: 'string', value: 'E', help: 'only of this kind: login, token, denial, …' },
    since: { type: 'string', value: 'T', help: 'from then on: 2h, 7d, 2026-01-31, RFC 3339' },
    until: { type: 'string', value: 'T', help: 'up to then' },
    limit: { type: 'string', value: 'N', help: `the newest N; default ${usualLimit}` },
    chain: {
      type: 'string',
      value: 'JTI',
      help: 'the family of a token: what it came from, and what came from it',
    },
    follow: { type: 'boolean', help: 'keep printing new records, until Ctrl-C' },
    json: { type: 'boolean', help: 'print a line of JSON for each record' },
  },
  async act(flags, io) {
    const query = readQuery(flags);
    const path = databasePath(loadConfigWith(flags, io.env).stateDirectory);
    const database = openToRead(path);
    try {
      const reader = new AuditReader(database);
      if (query.chain !== undefined) return printFamily(database, query, io);
      const { id: end = 0 } = reader.last() ?? {};
      const rows = reader.find(query.filter, query.limit);
      for (const row of rows) io.out(query.print(row, reader));
      if (!query.follow) return;
      await follow(path, Math.max(end, rows.at(-1)?.id ?? 0), query, io);
    } finally {
      database.close();
    }
  },
});

interface Query {
  readonly filter: AuditFilter;
  readonly limit: number;
  readonly chain: string | undefined;
  readonly follow: boolean;
  readonly print: Print;
}

type Print = (row: AuditRow, reader: AuditReader, depth?: number) => string;

/** @throws UsageError */
function readQuery({ strings, switches }: ParsedFlags): Query {
  const given = (name: string): string | undefined => strings[name]?.at(-1);
  const moment = (name: string): number | undefined => {
    const text = given(name);
    return text === undefined ? undefined : readMoment(name, text, systemClock.nowSeconds());
  };
  const filter = {
    ...{ subject: given('subject'), client: given('client'), device: given('device') },
    ...{ event: given('event'), since: moment('since'), until: moment('until') },
  };
  const events: readonly string[] = auditEvents;
  if (filter.event !== undefined && !events.includes(filter.event)) {
    throw new UsageError(
      `--event: ${JSON.stringify(filter.event)} must be one of ${events.join(', ')}${suggestion(filter.event, events)}`,
    );
  }
  const limit = given('limit') ?? String(usualLimit);
  if (!/^[1-9]\d{0,8}$/u.test(limit)) {
    throw new UsageError('--limit: must be a whole number from 1 to 999999999');
  }
  const chain = given('chain');
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  if (chain !== undefined && (isFiltered || given('limit') || switches.has('follow'))) {
    throw new UsageError('--chain prints a whole family: leave the other conditions out');
  }
  return {
    filter,
    limit: Number(limit),
    chain,
    follow: switches.has('follow'),
    print: switches.has('json') ? asJson : asText,
  };
}

const asJson: Print = (row, reader) => printJsonLine(auditLine(row, reader.chain().writer));

const asText: Print = (row, _, depth = 0) =>
  viewRecord(fromRow(row), depth === 0 ? '' : `${'   '.repeat(depth - 1)}└─ `);

function printFamily(database: DatabaseSync, { chain = '', print }: Query, io: Io): undefined {
  const family = findFamily(database, chain);
  if (family.length === 0) {
    throw new CommandError(
      `no record names ${JSON.stringify(chain)}: give a name from "jti=" or "from=" of "tsidp audit"; records that were rotated away are in the archives`,
    );
  }
  const reader = new AuditReader(database);
  for (const { row, depth } of family) io.out(print(row, reader, depth));
}

/** Looks again and again, over a connection that sees what the daemon commits. */
async function follow(path: string, from: number, query: Query, io: Io): Promise<void> {
  const { signal } = io;
  let position = from;
  let database: DatabaseSync | undefined;
  try {
    while (!signal?.aborted) {
      await pause(pollMs, undefined, signal ? { signal } : {}).catch(() => undefined);
      // a database at rest is read as a file that nobody changes, so it must be opened again once one does
      if (!database && !existsSync(`${path}-wal`)) continue;
      database ??= connectToRead(path);
      const reader = new AuditReader(database);
      const { id: end = 0 } = reader.last() ?? {};
      if (end <= position) continue;
      const rows = reader.find(query.filter, end - position, position);
      for (const row of rows) io.out(query.print(row, reader));
      position = Math.max(end, rows.at(-1)?.id ?? 0);
    }
  } finally {
    database?.close();
  }
}
