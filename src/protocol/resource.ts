/**
 * One spelling of a resource, for comparing: `https://h/` and `https://h` are one (an empty path is the path `/`,
 * RFC 3986 section 6.2.3); any other path stays as it is.
 */
export function canonicalResource(uri: string): string {
  return uri.endsWith('/') && /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]+\/$/u.test(uri)
    ? uri.slice(0, -1)
    : uri;
}

/** Does one of `named`, in which `*` means all, mean this resource? */
export function namesResource(named: readonly string[], uri: string): boolean {
  const canonical = canonicalResource(uri);
  return named.some((name) => name === '*' || canonicalResource(name) === canonical);
}
