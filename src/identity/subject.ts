import type { Identity } from './identity.ts';

/**
 * The stable `sub` of an identity: `userid:<decimal user ID>` for people (as tsidp has it), `node:<StableID>`
 * for machines. All tagged nodes share one user ID, so that ID never names a machine (T21).
 */
export function subjectOf(identity: Identity): string {
  return identity.kind === 'user' ? `userid:${identity.userId}` : `node:${identity.stableId}`;
}

/** How people read an identity: the login of a user, the name and tags of a machine. */
export function displayLogin(identity: Identity): string {
  return identity.kind === 'user'
    ? identity.login
    : `${identity.node.name.replace(/\.$/, '')} (${identity.tags.join(', ')})`;
}
