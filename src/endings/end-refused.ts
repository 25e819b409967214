import { nameOf } from '../store/family-table.ts';
import type { Endings, EndRefusal } from './ending.ts';

/** What of a token ends when it is refused. */
export interface Endable {
  readonly grantId?: string | undefined;
  /** Whole name of its Grant, where its ID is not known. */
  readonly family?: string | undefined;
  /** Forgets the token itself; ID tokens leave nothing to forget. */
  destroy?(): Promise<void>;
}

/**
 * What was refused because of who stands behind it, or because of what grants give, has ended: it is not alive again
 * when the device, the tag or the grant is back (T13). Its login ends with it, and all that was exchanged for that; of a
 * login for several resources the token alone, when only its own was lost.
 */
export async function endRefused(
  endings: Endings,
  token: Endable,
  { why, tokenAlone }: { readonly why: EndRefusal; readonly tokenAlone: boolean },
): Promise<void> {
  if (tokenAlone && token.destroy) {
    const forget = async () => token.destroy?.();
    await endings.end({ what: { kind: 'token', forget }, why });
    return;
  }
  const name = token.family ?? (token.grantId && nameOf(token.grantId));
  if (name) await endings.end({ what: { kind: 'family', name }, why });
}
