import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { PolicyDenied } from '../../access/denial.ts';
import { factsOf, staleMark } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { subjectOf } from '../../identity/subject.ts';
import type { AuditRecord } from '../../store/store.ts';

/** One audit record for each device code that was asked for or not given, and for each person who was turned away. */
export function recordDeviceEvents(provider: Provider, settings: ProviderSettings): void {
  provider.on('device_authorization.success', (ctx: KoaContextWithOIDC) => {
    const { client, params } = ctx.oidc;
    const { subject, login, stableId, address } = factsOf(ctx).device?.requester ?? {};
    settings.audit.append({
      at: settings.clock.nowSeconds(),
      event: 'device',
      subject,
      login,
      device: stableId,
      client: client?.clientId,
      scope: typeof params?.['scope'] === 'string' ? params['scope'] : undefined,
      detail: { ...(address === undefined ? {} : { peer: address }), ...staleMark(ctx) },
    });
  });
  provider.on(
    'device_authorization.error',
    (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => {
      // who can't even name a client is the log's business
      if (ctx.oidc.client) recordDeviceDenial(ctx, reasonOf(error), settings);
    },
  );
  provider.on(
    'code_verification.error',
    (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => {
      // without a client nothing was decided: a form that came too late
      if (ctx.oidc.client) recordDeviceDenial(ctx, reasonOf(error), settings);
    },
  );
}

/** Why somebody at the device page, or the program that asks for a code, got nothing. */
export function recordDeviceDenial(
  ctx: KoaContextWithOIDC,
  why: Pick<AuditRecord, 'reason' | 'detail'>,
  settings: ProviderSettings,
): void {
  const { person, requester } = factsOf(ctx).device ?? {};
  const denial = {
    at: settings.clock.nowSeconds(),
    subject: person ? subjectOf(person) : requester?.subject,
    login: person?.login ?? requester?.login,
    device: person?.node.stableId ?? requester?.stableId,
    client: ctx.oidc.client?.clientId ?? ctx.oidc.deviceCode?.clientId,
    reason: why.reason,
    detail: { at: ctx.oidc.route, ...why.detail, ...staleMark(ctx) },
  };
  settings.recordDenial(denial, factsOf(ctx));
}

export function reasonOf(error: errors.OIDCProviderError): Pick<AuditRecord, 'reason' | 'detail'> {
  return {
    reason: error.error_detail ?? error.error_description ?? error.error,
    detail: {
      error: error.error,
      ...(error instanceof PolicyDenied ? { trace: error.trace } : {}),
    },
  };
}
