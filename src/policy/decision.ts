import { capability } from './grant.ts';
import type { RuleFields } from './rule.ts';
import type { TraceLine } from './trace.ts';

/** What a grant's `app` would have to hold: capability → values. */
export type AppCapabilities = Readonly<Record<string, readonly unknown[]>>;

export interface Denied {
  readonly allowed: false;
  /** One sentence for the person and the app. */
  readonly reason: string;
  readonly trace: readonly TraceLine[];
  /** What one more grant would have to give to change this; undefined where no grant can. */
  readonly remedy?: AppCapabilities;
}

export type Decision = { readonly allowed: true; readonly trace: readonly TraceLine[] } | Denied;

/** Why something is denied, and the rule that would change it. */
export interface Lack {
  readonly reason: string;
  /** Fields of a rule of ours; undefined where no grant can help. */
  readonly rule?: RuleFields | undefined;
  /** Another capability that would do. */
  readonly capability?: string;
}

/** @param lacks the first one's reason is told; the remedy mends all of them */
export function denied(lacks: readonly [Lack, ...Lack[]], trace: readonly TraceLine[]): Denied {
  const remedy = remedyOf(lacks);
  return { allowed: false, reason: lacks[0].reason, trace, ...(remedy ? { remedy } : {}) };
}

function remedyOf(lacks: readonly Lack[]): AppCapabilities | undefined {
  if (lacks.some((lack) => !lack.rule && lack.capability === undefined)) return undefined;
  const rule = Object.assign({}, ...lacks.map((lack) => lack.rule));
  const others = lacks.flatMap((lack) => (lack.capability === undefined ? [] : [lack.capability]));
  return {
    ...(Object.keys(rule).length > 0 ? { [capability]: [rule] } : {}),
    ...Object.fromEntries(others.map((name) => [name, [{}]])),
  };
}
