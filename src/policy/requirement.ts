import { z } from 'zod';
import type { Identity } from '../identity/identity.ts';
import type { CapMap } from '../peer/whois.ts';
import { listOf, members, text } from '../schema/fields.ts';
import type { Lack } from './decision.ts';
import type { Rules } from './grant.ts';
import { groupsOf } from './groups.ts';
import { inTailnetGroup, isTailnetGroupName, tailnetGroupsOf } from './tailnet-groups.ts';
import type { Trace } from './trace.ts';

const checkName = (name: string): string | undefined =>
  /^[^\p{C}]{1,200}$/u.test(name) ? undefined : 'must be 1 to 200 printable characters';

const checkTag = (tag: string): string | undefined =>
  /^tag:[A-Za-z0-9-]{1,100}$/u.test(tag) ? undefined : 'must be a tag such as "tag:ci"';

const checkCapability = (name: string): string | undefined =>
  /^[\x21-\x7e]{1,200}$/u.test(name)
    ? undefined
    : 'must be a capability such as "example.com/cap/wiki"';

/** A member of a client's configuration: who may enter the app, whatever the rules give. */
export const requirementSchema = members({
  groups: listOf(text(checkName), 1, 100)
    .optional()
    .describe(
      'One of these groups: as grants give them ("admins"), or of the tailnet ("group:eng", "group:sales@example.com").',
    ),
  tags: listOf(text(checkTag), 1, 100)
    .optional()
    .describe("One of these tags of the device; people's devices have none."),
  capability: text(checkCapability)
    .optional()
    .describe('This capability from the device to our node, with whatever values.'),
  device: members({
    os: listOf(text(checkName), 1, 20)
      .optional()
      .describe(
        'One of these operating systems, as Tailscale calls them: linux, macOS, windows, iOS, android.',
      ),
    sharedIn: z
      .boolean({ error: 'must be true or false' })
      .optional()
      .describe(
        'false: only devices of this tailnet, even where allowForeignUsers lets others in.',
      ),
    keyExpires: z
      .boolean({ error: 'must be true or false' })
      .optional()
      .describe(
        'true: only devices whose owner has to log in to Tailscale again some day, as their key expires.',
      ),
  })
    .optional()
    .describe('What the device must be.'),
}).describe('All of these must hold for a login. They only restrict; grants cannot lift them.');

export type Requirement = z.output<typeof requirementSchema>;

export interface RequirementQuestion {
  readonly requirement: Requirement | undefined;
  readonly identity: Identity;
  readonly rules: Rules;
  readonly capMap: CapMap | null | undefined;
}

/** What of the requirement does not hold; each check stands in the trace. */
export function unmetRequirements(question: RequirementQuestion, trace: Trace): readonly Lack[] {
  const { requirement } = question;
  if (!requirement) return [];
  return [
    ...unmetGroups(requirement.groups, question, trace),
    ...unmetTags(requirement.tags, question.identity, trace),
    ...unmetCapability(requirement.capability, question.capMap, trace),
    ...unmetDevice(requirement.device, question.identity, trace),
  ];
}

function unmetGroups(
  wanted: Requirement['groups'],
  { rules, identity }: RequirementQuestion,
  trace: Trace,
): Lack[] {
  const [first] = wanted ?? [];
  if (!wanted || first === undefined) return [];
  const granted = new Set(groupsOf(rules.rules));
  const ofTailnet = tailnetGroupsOf(identity);
  const met = wanted.some((group) => granted.has(group) || inTailnetGroup(ofTailnet, group));
  const field = 'requires.groups';
  if (met) {
    trace.conclude({ field, outcome: 'is in a required group' });
    return [];
  }
  // not told of any group, we can't say that the person is in none
  const hidden =
    identity.kind === 'user' && ofTailnet === undefined && wanted.some(isTailnetGroupName);
  trace.conclude({
    field,
    outcome: hidden
      ? 'no grant gives a required group, and no group of the tailnet is visible to this server for this person (node attribute tailscale.com/visible-groups)'
      : 'is in none of the required groups',
  });
  const reason = hidden
    ? 'this app is only for members of certain groups, and this server cannot see which groups of the tailnet you are in'
    : 'this app is only for members of certain groups, and you are in none of them';
  // which of several groups is right is for the operator to say
  return [{ reason, rule: wanted.length === 1 ? { groups: [first] } : undefined }];
}

function unmetTags(wanted: Requirement['tags'], identity: Identity, trace: Trace): Lack[] {
  if (!wanted) return [];
  const tags = identity.kind === 'machine' ? identity.tags : [];
  const met = wanted.some((tag) => tags.includes(tag));
  say(trace, 'requires.tags', met, 'has a required tag', 'has none of the required tags');
  return met ? [] : [{ reason: 'this app is only for machines with certain tags' }];
}

function unmetCapability(
  wanted: string | undefined,
  capMap: CapMap | null | undefined,
  trace: Trace,
): Lack[] {
  if (wanted === undefined) return [];
  const met = capMap ? Object.hasOwn(capMap, wanted) : false;
  say(trace, 'requires.capability', met, 'has it', 'no grant gives it');
  const reason = `this app needs the capability ${wanted}, and no grant of the tailnet policy gives it to you`;
  return met ? [] : [{ reason, capability: wanted }];
}

function unmetDevice(wanted: Requirement['device'], identity: Identity, trace: Trace): Lack[] {
  const lacks: Lack[] = [];
  if (wanted?.os) {
    const os = identity.node.os?.toLowerCase();
    const met = wanted.os.some((name) => name.toLowerCase() === os);
    say(trace, 'requires.device.os', met, 'is one of the required', 'is none of the required');
    if (!met) {
      lacks.push({ reason: `this app is only for devices with ${wanted.os.join(' or ')}` });
    }
  }
  if (wanted?.sharedIn !== undefined) {
    const met = (identity.kind === 'user' && identity.foreign) === wanted.sharedIn;
    say(trace, 'requires.device.sharedIn', met, 'holds', 'does not hold');
    const who = wanted.sharedIn ? 'members of other tailnets' : 'members of this tailnet';
    if (!met) lacks.push({ reason: `this app is only for ${who}` });
  }
  if (wanted?.keyExpires !== undefined) {
    const met = identity.node.keyExpires === wanted.keyExpires;
    say(trace, 'requires.device.keyExpires', met, 'holds', 'does not hold');
    const which = wanted.keyExpires ? 'expires' : 'never expires';
    if (!met) lacks.push({ reason: `this app is only for devices whose Tailscale key ${which}` });
  }
  return lacks;
}

function say(trace: Trace, field: string, met: boolean, yes: string, no: string): void {
  trace.conclude({ field, outcome: met ? yes : no });
}
