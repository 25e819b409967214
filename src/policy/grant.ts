import { z } from 'zod';
import type { CapMap } from '../peer/whois.ts';

/** The capability under which the tailnet policy's grants speak to us. */
export const capability = 'tailscale.com/cap/tsidp';

const strings = z.array(z.string().max(2048)).max(1000);

/** One rule of the capability. tsidp's fields with tsidp's meaning, and ours; unknown fields are kept aside. */
export const ruleSchema = z.looseObject({
  allow_admin_ui: z.boolean().optional(),
  allow_dcr: z.boolean().optional(),
  users: strings.optional(),
  resources: strings.optional(),
  extraClaims: z.record(z.string(), z.unknown()).optional(),
  includeInUserInfo: z.boolean().optional(),
  clients: strings.optional(),
  scopes: strings.optional(),
  groups: strings.optional(),
  machine_login: z.boolean().optional(),
});

export interface Rule extends z.infer<typeof ruleSchema> {
  /** Its place in the capability's list, from 0. */
  readonly index: number;
}

export interface RuleProblem {
  readonly index: number;
  readonly message: string;
}

export interface Rules {
  readonly rules: readonly Rule[];
  /** Malformed rules; each was dropped whole. Rules only ever give, so dropping one never widens anything. */
  readonly problems: readonly RuleProblem[];
}

const maxRules = 10_000;
const parsed = new WeakMap<CapMap, Rules>();

/** The rules that this peer's grants hold for us. Remembered per whois answer, so that one answer is parsed once. */
export function rulesOf(capMap: CapMap): Rules {
  let rules = parsed.get(capMap);
  if (!rules) {
    rules = parseRules(capMap[capability] ?? []);
    parsed.set(capMap, rules);
  }
  return rules;
}

function parseRules(values: readonly unknown[]): Rules {
  const rules: Rule[] = [];
  const problems: RuleProblem[] = [];
  for (const [index, value] of values.slice(0, maxRules).entries()) {
    const result = ruleSchema.safeParse(value);
    if (result.success) {
      rules.push({ ...result.data, index });
    } else {
      const issue = result.error.issues[0];
      problems.push({
        index,
        message: `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
      });
    }
  }
  if (values.length > maxRules) {
    problems.push({ index: maxRules, message: `more than ${maxRules} rules; the rest is ignored` });
  }
  return { rules, problems };
}
