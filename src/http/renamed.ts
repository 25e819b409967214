import type { Logger } from '../log.ts';
import type { NodeStatus } from '../peer/status.ts';

/**
 * Tells of changes of our own node that a running daemon can't follow: apps know the issuer by its name, and grants
 * reach it by its tags.
 */
export function createNodeWatch(
  first: NodeStatus,
  issuer: string,
  log: Logger,
): (node: NodeStatus) => void {
  let { dnsName, stableId } = first;
  let tags = first.tags.join(', ');
  return (node) => {
    // logged out, it says nothing of itself
    if (node.stableId === '') return;
    if (node.dnsName !== dnsName) {
      log.error(
        `This node was renamed from ${dnsName} to ${node.dnsName}. The issuer stays ${issuer}, because every app has it: give the node its old name back, or move the apps to a new issuer and start again.`,
      );
    }
    if (node.stableId !== stableId) {
      log.error(`This node is another one now: StableID ${stableId} has become ${node.stableId}.`);
    }
    if (node.tags.join(', ') !== tags) {
      log.warn(
        `This node's tags were "${tags}" and are "${node.tags.join(', ')}" now: grants for the old ones do not reach it any more.`,
      );
    }
    ({ dnsName, stableId } = node);
    tags = node.tags.join(', ');
  };
}
