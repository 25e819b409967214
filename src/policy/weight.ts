export interface WeightLimits {
  /** Objects and lists inside each other. */
  readonly maxDepth: number;
  /** Characters of all texts and keys, and one for each value. */
  readonly maxWeight: number;
}

/**
 * How much a JSON value holds: characters of its texts and keys, and one for each value. Not recursive, and stops at
 * the limits, so that no value costs more than they allow.
 * @returns undefined when it is deeper or heavier than allowed
 */
export function weigh(value: unknown, { maxDepth, maxWeight }: WeightLimits): number | undefined {
  const pending: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  let weight = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    weight += ownWeight(next.value);
    if (next.depth > maxDepth || weight > maxWeight) return undefined;
    if (typeof next.value !== 'object' || next.value === null) continue;
    const depth = next.depth + 1;
    for (const inner of Object.values(next.value)) {
      // every value weighs at least one
      if (pending.length + weight > maxWeight) return undefined;
      pending.push({ value: inner, depth });
    }
  }
  return weight;
}

function ownWeight(value: unknown): number {
  if (typeof value === 'string') return 1 + value.length;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 1;
  let weight = 1;
  for (const key of Object.keys(value)) weight += key.length;
  return weight;
}
