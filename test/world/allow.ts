import { capability } from '../../src/policy/grant.ts';
import type { Simulator } from '../../src/simulator/server.ts';

/** One rule of ours, and whom the policy gives it to. */
export interface Allowance {
  readonly src: readonly string[];
  readonly [field: string]: unknown;
}

/** Puts a policy in force that gives exactly these rules. */
export function allowInPolicy(simulator: Simulator, allowances: readonly Allowance[]): void {
  simulator.setPolicy({
    grants: [
      { src: ['*'], dst: ['*'], ip: ['*'] },
      ...allowances.map(({ src, ...rule }) => ({
        src: [...src],
        dst: ['tag:idp'],
        app: { [capability]: [rule] },
      })),
    ],
  });
}
