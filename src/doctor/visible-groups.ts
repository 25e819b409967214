import { appOfStored } from '../access/enter.ts';
import { visibleGroupsAttribute } from '../peer/profile-groups.ts';
import type { NodeStatus } from '../peer/status.ts';
import { rulesOf } from '../policy/grant.ts';
import { groupsOf } from '../policy/groups.ts';
import {
  isTailnetGroupName,
  spellingsOf,
  tailnetGroupsOf,
  toldGroups,
} from '../policy/tailnet-groups.ts';
import type { InspectedClient } from '../store/sqlite/inspect.ts';
import { type Finding, ok, warning } from './finding.ts';
import { Groups, listed } from './groups.ts';
import type { AskedPeer } from './rules.ts';

export interface VisibleGroupsQuestion {
  readonly status: Pick<NodeStatus, 'version' | 'tags' | 'visibleGroups'>;
  readonly peers: readonly AskedPeer[];
  readonly clients: readonly InspectedClient[];
}

const firstVersion = '1.97.8';

/** Is this server told of the tailnet's own groups, and do apps that need them get them? */
export function visibleGroupsFindings(question: VisibleGroupsQuestion): Finding[] {
  const { status, clients, peers } = question;
  // operators wrote such names into grants before Tailscale told of groups
  const granted = new Set(
    peers.flatMap(({ identified }) =>
      identified.ok ? groupsOf(rulesOf(identified.capMap).rules) : [],
    ),
  );
  const needs = (client: InspectedClient) => namesOf(client).some((name) => !granted.has(name));
  const needed = clients.filter(needs).map(({ id }) => id);
  if (!status.visibleGroups) return [hiddenFinding(status, needed)];
  return [visibleFinding(question, needed), ...unseenFindings(question), ...tooMany(question)];
}

/** Groups of the tailnet that the app's configuration names. */
function namesOf(client: InspectedClient): readonly string[] {
  const { requires, claims } = appOf(client);
  const named = [
    ...(requires?.groups ?? []),
    ...Object.keys(claims?.groupNames ?? {}),
    ...(claims?.tailnetGroups ?? []),
  ];
  return named.filter(isTailnetGroupName);
}

function appOf(client: InspectedClient) {
  return appOfStored({ ...client, source: 'cli' });
}

function hiddenFinding(
  { tags }: VisibleGroupsQuestion['status'],
  needed: readonly string[],
): Finding {
  const text = `the tailnet's own groups are not visible to this server, only those that grants give`;
  const attribute = JSON.stringify({
    target: [tags[0] ?? 'the owner of this node'],
    app: { [visibleGroupsAttribute]: [{ groups: ['*'] }] },
  });
  const remedy = `add ${attribute} to "nodeAttrs" of the tailnet policy (docs/policy.md, "Groups of the tailnet")`;
  // most do well without
  if (needed.length === 0) return ok('groups', `${text}; to change that, ${remedy}`);
  return warning('groups', `${text}, and ${listed(needed)} ask for them`, remedy);
}

function visibleFinding(
  { status: { version, visibleGroups = [] }, peers }: VisibleGroupsQuestion,
  needed: readonly string[],
): Finding {
  const people = peers.filter(
    ({ identified }) => identified.ok && identified.identity.kind === 'user',
  );
  const seen = people.filter(({ identified }) => tailnetGroups(identified)).length;
  const which = visibleGroups.includes('*') ? 'all' : listed(visibleGroups) || 'none';
  const text = `visible to this server: ${which}; ${seen} of ${people.length} devices of people come with groups`;
  if (seen > 0 || (people.length === 0 && needed.length === 0)) return ok('groups', text);
  return warning(
    'groups',
    `${text}, by a tailscaled of version ${version}`,
    `Tailscale tells of groups from version ${firstVersion} on, in tailnets for which it turned that on (an alpha), and of the groups that the attribute names`,
  );
}

function tailnetGroups(identified: AskedPeer['identified']): readonly string[] | undefined {
  return identified.ok ? tailnetGroupsOf(identified.identity) : undefined;
}

/** An app names a group that the attribute leaves out. */
function unseenFindings({ status, clients }: VisibleGroupsQuestion): Finding[] {
  const { visibleGroups = [] } = status;
  if (visibleGroups.includes('*')) return [];
  const unseen = new Groups();
  for (const client of clients) {
    const names = namesOf(client).filter((name) => !name.includes('*'));
    for (const name of names) {
      const isVisible = spellingsOf(name).some((spelling) => visibleGroups.includes(spelling));
      if (!isVisible) unseen.add(name, client.id);
    }
  }
  return unseen.findings((text) =>
    warning(
      'groups',
      `an app asks for a group that this server is not told of: ${text}`,
      `add it to ${visibleGroupsAttribute} in "nodeAttrs" of the tailnet policy, or correct its name`,
    ),
  );
}

function tooMany({ peers, clients }: VisibleGroupsQuestion): Finding[] {
  const found = new Groups();
  for (const client of clients) {
    const { claims } = appOf(client);
    for (const { who, identified } of peers) {
      const { tooMany: count } = toldGroups(tailnetGroups(identified), claims);
      if (count !== undefined) found.add(client.id, who);
    }
  }
  return found.findings((text) =>
    warning(
      'groups',
      `people are in too many groups for a token, so an app is told of none of them: ${text}`,
      'name those that the app needs in its claims.tailnetGroups',
    ),
  );
}
