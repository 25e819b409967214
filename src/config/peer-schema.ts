import { z } from 'zod';
import { isStableId } from '../peer/stable-id.ts';
import { checkClientId } from '../protocol/client-names.ts';
import { listOf, text } from '../schema/fields.ts';

const checkTag = (tag: string): string | undefined =>
  /^tag:[A-Za-z][A-Za-z0-9-]{0,99}$/u.test(tag) ? undefined : 'must be a tag such as "tag:ci"';

const checkStableId = (id: string): string | undefined =>
  isStableId(id)
    ? undefined
    : 'must be the StableID of a node, such as "nAbCdEfGh11CNTRL" or, with Headscale, "4" ("tsidp whois" names it)';

const byTags = (error: string) =>
  z.strictObject(
    { tags: listOf(text(checkTag), 1, 50).describe('Any node that has one of these tags.') },
    { error },
  );
const byNode = (error: string) =>
  z.strictObject({ node: text(checkStableId).describe('The node with this StableID.') }, { error });
const byClient = (error: string) =>
  z.strictObject({ client: text(checkClientId).describe('The client with this ID.') }, { error });

const peerError = 'must be { "tags": ["tag:ci"] } or { "node": "StableID" }';

/** Tagged nodes that are a client by their connection alone. */
export const peerSchema = z
  .union([byTags(peerError), byNode(peerError)], { error: peerError })
  .describe(
    'The tagged nodes that are this client, by any of these tags or by StableID. They need no secret: the connection says who calls.',
  );

const actorError = `${peerError.replace(' or ', ', ')} or { "client": "ID" }`;

/** Who alone may act with the tokens of an app. */
export const mayActSchema = z
  .union([byTags(actorError), byNode(actorError), byClient(actorError)], { error: actorError })
  .describe(
    "Who alone may become the actor when the app's access tokens for resources are exchanged (RFC 8693 section 4.4, may_act). Grants must let them, too. Default: whom grants let.",
  );

export type MayActConfig = z.output<typeof mayActSchema>;

/** Which nodes are the client: the one with this StableID, or all with one of these tags. */
export type PeerSelector = { readonly node: string } | { readonly tags: readonly string[] };
