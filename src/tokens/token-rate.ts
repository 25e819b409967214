import type { KoaContextWithOIDC } from 'oidc-provider';
import { tryLater } from '../access/errors.ts';
import { factsOf, shareOf } from '../access/request.ts';
import type { ProviderSettings } from '../access/settings.ts';

/**
 * Takes one of the tokens that a client may get in a minute from where it is (T39); what is refused for other reasons
 * counts nowhere here.
 * @param subject whose token it exchanges; undefined: it asks for its own
 * @throws errors.TemporarilyUnavailable 429 with Retry-After
 */
export async function takeToken(
  ctx: KoaContextWithOIDC,
  subject: string | undefined,
  { tokenLimit }: Pick<ProviderSettings, 'tokenLimit'>,
): Promise<void> {
  const { clientId = '' } = ctx.oidc.client ?? {};
  const wait = tokenLimit.takeToken({ clientId, peer: await shareOf(factsOf(ctx)), subject });
  if (wait > 0) throw tryLater(ctx, wait, 'this client asked for too many tokens');
}
