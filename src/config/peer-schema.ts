import { z } from 'zod';
import { listOf, text } from './fields.ts';

const checkTag = (tag: string): string | undefined =>
  /^tag:[A-Za-z][A-Za-z0-9-]{0,99}$/u.test(tag) ? undefined : 'must be a tag such as "tag:ci"';

const checkStableId = (id: string): string | undefined =>
  /^[A-Za-z0-9]{4,64}$/u.test(id)
    ? undefined
    : 'must be the StableID of a node, such as "nAbCdEfGh11CNTRL" ("tsidp whois" names it)';

const error = 'must be { "tags": ["tag:ci"] } or { "node": "StableID" }';

/** Tagged nodes that are a client by their connection alone. */
export const peerSchema = z
  .union(
    [
      z.strictObject({ tags: listOf(text(checkTag), 1, 50) }, { error }),
      z.strictObject({ node: text(checkStableId) }, { error }),
    ],
    { error },
  )
  .describe(
    'The tagged nodes that are this client, by any of these tags or by StableID. They need no secret: the connection says who calls.',
  );
