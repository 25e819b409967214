import type { MachineIdentity, UserIdentity } from '../../src/identity/identity.ts';
import { parseRules, type Rules } from '../../src/policy/grant.ts';

const device = {
  stableId: 'nAlice1CNTRL',
  nodeId: '3',
  name: 'alice-laptop.tailnet.test.',
  key: 'nodekey:00',
  addresses: ['100.64.0.3/32'],
  os: 'macOS',
  keyExpires: true,
};

export function user(changes: Partial<UserIdentity> = {}): UserIdentity {
  return {
    kind: 'user',
    tailnet: 'tailnet.test.',
    userId: '1',
    login: 'alice@example.com',
    displayName: 'Alice',
    picture: undefined,
    node: device,
    foreign: false,
    ...changes,
  };
}

export function machine(tags: readonly string[] = ['tag:ci']): MachineIdentity {
  return {
    kind: 'machine',
    tailnet: 'tailnet.test.',
    stableId: 'nCi1CNTRL',
    tags,
    node: { ...device, stableId: 'nCi1CNTRL', name: 'ci.tailnet.test.', os: 'linux' },
  };
}

export function rules(...values: unknown[]): Rules {
  return parseRules(values);
}

/** A trace's lines as text, for short tables. */
export function lines(
  trace: readonly { field: string; outcome: string; rule?: number }[],
): string[] {
  return trace.map(({ rule, field, outcome }) => `${rule ?? '-'} ${field}: ${outcome}`);
}
