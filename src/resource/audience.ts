import { canonicalResource } from '../protocol/resource.ts';

/** Every way to write a resource's URI that means the same: `https://h` and `https://h/`, any other path exactly. */
export function spellingsOf(resource: string): readonly string[] {
  const canonical = canonicalResource(resource);
  return canonicalResource(`${canonical}/`) === canonical
    ? [canonical, `${canonical}/`]
    : [canonical];
}

/** Is a token with this `aud` for the resource (RFC 9068 section 4)? One that names none is for nobody. */
export function isAudience(aud: unknown, spellings: readonly string[]): boolean {
  return [aud].flat().some((one) => typeof one === 'string' && spellings.includes(one));
}
