/** The longest that is believed: both control servers' are far shorter. */
const limit = 255;

/**
 * StableIDs are opaque: Tailscale's look like `nABC123CNTRL`, Headscale's are small numbers (`4`). All that is
 * demanded is what can be stored, compared and shown: printable, not empty, bounded, no space around it.
 */
export function isStableId(id: string): boolean {
  return id !== '' && id.length <= limit && id.trim() === id && !/[\p{C}\p{Zl}\p{Zp}]/u.test(id);
}
