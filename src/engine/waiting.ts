import Provider, { type KoaContextWithOIDC, type Session } from 'oidc-provider';
import type { Waiting } from '../access/bound-grant.ts';
import { codeSecondsOf } from '../access/client-security.ts';
import type { ProviderSettings } from '../access/settings.ts';

type WaitingSession = Session & Waiting & { readonly exp?: number };

interface SessionModel {
  readonly prototype: { save(ttl: number): Promise<string> };
}

/** For rows that are written one after another, and for daemons whose clocks differ. */
const slackSeconds = 60;

/** How long whatever a code of this request hangs on waits for its redemption. */
export function codeWaitSeconds(ctx: KoaContextWithOIDC, settings: ProviderSettings): number {
  const { client, deviceCode } = ctx.oidc;
  const codeSeconds = deviceCode?.remainingTTL ?? codeSecondsOf(client, settings);
  return codeSeconds + slackSeconds;
}

/**
 * A session is for logins, and no login ends with a code that nobody redeems: until one is, it lives as long as the
 * code or page that it waits for (T39). The browser's cookie has its whole life from the beginning, as the redemption
 * does not come from the browser. oidc-provider has one life for both, and no hook.
 */
export function patchSessionLife(
  provider: Provider,
  { settings }: { readonly settings: ProviderSettings },
): void {
  const { prototype } = provider.Session as unknown as SessionModel;
  const { save } = prototype;
  prototype.save = async function saveWaiting(this: WaitingSession, ttl) {
    const isNew = this.exp === undefined;
    if (isNew || this.waitSeconds !== undefined) {
      // what it waited for before may still come
      this.waitSeconds = Math.max(this.waitSeconds ?? 0, sessionWaitSeconds(settings));
    }
    return save.call(this, ttl);
  };
}

function sessionWaitSeconds(settings: ProviderSettings): number {
  const { ctx } = Provider;
  const { interactionSeconds } = settings.lifetimes;
  if (!ctx) return interactionSeconds;
  const codeSeconds = codeWaitSeconds(ctx, settings);
  return isPageLeft(ctx) ? Math.max(codeSeconds, interactionSeconds) : codeSeconds;
}

/** Does a person now look at a page that this session is needed for? */
function isPageLeft({ oidc }: KoaContextWithOIDC): boolean {
  const { AuthorizationCode, Interaction } = oidc.entities;
  if (oidc.route === 'authorization') return Interaction !== undefined;
  return AuthorizationCode === undefined;
}
