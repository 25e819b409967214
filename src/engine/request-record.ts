import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import { factsOf, staleMark } from '../access/request.ts';
import type { Clock } from '../clock.ts';
import type { AuditRecord } from '../store/store.ts';

/** What every audit record says of the request that it is about; of the one at work, where none is given. */
export function requestRecord(
  clock: Clock,
  more: Partial<AuditRecord> = {},
  ctx: KoaContextWithOIDC | undefined = Provider.ctx,
): Omit<AuditRecord, 'event'> {
  const at = clock.nowSeconds();
  if (!ctx) return { at, ...more };
  const { client, account, session } = ctx.oidc;
  return {
    at,
    subject: account?.accountId ?? session?.accountId,
    login: account?.['login'] as string | undefined,
    client: client?.clientId,
    listener: factsOf(ctx).listener,
    ...more,
    detail: emptyToNone({ ...more.detail, ...staleMark(ctx) }),
  };
}

function emptyToNone(detail: NonNullable<AuditRecord['detail']>): AuditRecord['detail'] {
  return Object.keys(detail).length > 0 ? detail : undefined;
}
