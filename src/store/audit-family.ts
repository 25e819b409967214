import type { AuditReader, Link } from './audit-reader.ts';
import type { AuditRow } from './audit-row.ts';

/** A record of a family, and how many exchanges lie between its tokens and the first ones. */
export interface FamilyMember {
  readonly row: AuditRow;
  readonly depth: number;
}

/**
 * Everything that a token came from and that came from it, by the name of one of its tokens or Grants: oldest
 * first. What else came from its ancestors is not its family. Reads the log a few times from end to end.
 * @param name as in `jti`
 */
export function findFamily(reader: AuditReader, name: string): FamilyMember[] {
  const links = () => reader.links();
  const own = grow(new Set([name]), links, sameRecord);
  const ancestors = grow(own, links, ({ jti, parents }, names) =>
    jti.some((one) => names.has(one)) ? [...jti, ...parents] : [],
  );
  const descendants = grow(own, links, (link, names) =>
    [...link.parents, ...link.jti].some((one) => names.has(one)) ? link.jti : [],
  );
  const family = new Set([...ancestors, ...descendants]);
  const depths = new Map<string, number>();
  const members: FamilyMember[] = [];
  for (const { id, jti, parents } of reader.links()) {
    const isOurs =
      jti.some((one) => family.has(one)) ||
      // what was refused to somebody who presented one of these
      parents.some((one) => descendants.has(one));
    if (!isOurs) continue;
    const depth = depthOf(jti, parents, depths);
    for (const one of jti) if (!depths.has(one)) depths.set(one, depth);
    const [row] = reader.after(id - 1, 1);
    if (row) members.push({ row, depth });
  }
  return members;
}

/** Adds what a record leads to, until a reading of the whole log adds nothing. */
function grow(
  from: ReadonlySet<string>,
  links: () => Iterable<Link>,
  leadsTo: (link: Link, names: ReadonlySet<string>) => readonly string[],
): Set<string> {
  const names = new Set(from);
  let before = -1;
  while (names.size !== before) {
    before = names.size;
    for (const link of links()) for (const name of leadsTo(link, names)) names.add(name);
  }
  return names;
}

function sameRecord({ jti }: Link, names: ReadonlySet<string>): readonly string[] {
  return jti.some((one) => names.has(one)) ? jti : [];
}

function depthOf(
  jti: readonly string[],
  parents: readonly string[],
  depths: ReadonlyMap<string, number>,
): number {
  const known = jti.flatMap((one) => depths.get(one) ?? []);
  const above = parents.flatMap((one) => depths.get(one) ?? []);
  if (known.length > 0) return Math.max(...known);
  return above.length > 0 ? 1 + Math.max(...above) : 0;
}
