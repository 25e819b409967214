/** RFC 6749 4.1.2.1: characters outside %x20-21 / %x23-5B / %x5D-7E must not stand in a description. */
export function oauthText(text: string): string {
  return text
    .replaceAll('"', "'")
    .replaceAll('\\', '/')
    .replaceAll(/[^\x20-\x7e]/g, '?');
}
