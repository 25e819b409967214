import { z } from 'zod';
import { members, path, whole } from '../schema/fields.ts';

const file = path('JSON lines are appended to it; relative to this file.');

export const auditSchema = members({
  keepDays: whole(1, 36_500, 90, 'Records that are older leave the database.'),
  maxRecords: whole(
    1000,
    100_000_000,
    1_000_000,
    'Where there are more, the oldest leave the database. A record takes about 500 bytes.',
  ),
  archive: z
    .boolean({ error: 'must be true or false' })
    .default(true)
    .describe(
      'Write what leaves the database to audit-<from>-<to>.jsonl in the state directory; false: drop it.',
    ),
  sink: z
    .union([
      z.enum(['none', 'stdout'], { error: 'must be "none", "stdout" or { "file": "…" }' }),
      members({ file }),
    ])
    .default('none')
    .describe('Where every record goes as a line of JSON, beside the database.'),
}).describe('The audit log: how long it is kept and where else it goes.');
