/** RFC 6901 section 3: empty, or reference tokens that each begin with `/`; `~` only as `~0` and `~1`. */
export function isJsonPointer(pointer: string): boolean {
  return /^(?:\/(?:[^~/]|~[01])*)*$/u.test(pointer);
}

/**
 * The value that a JSON pointer (RFC 6901 section 4) means inside `value`; undefined where there is none. Only own
 * members count.
 */
export function pointTo(value: unknown, pointer: string): unknown {
  let found = value;
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name))
      return undefined;
    if (Array.isArray(found) && !/^(?:0|[1-9]\d*)$/u.test(name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}
