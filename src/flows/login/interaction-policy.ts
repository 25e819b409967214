import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { needsConfirmation } from '../../access/client-settings.ts';
import { isDeviceClick } from '../../access/device-click.ts';
import { factsOf } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { ageSeconds } from '../../clock.ts';
import { subjectOf } from '../../identity/subject.ts';
import { acrTailnet } from '../../protocol/assurance.ts';
import { consentDetails, consentOf, needsConsent } from './consent.ts';
import { takePage } from './visitor.ts';

const { Check, Prompt } = interactionPolicy;

/**
 * When a page is shown instead of a clickless login: the app asked for one (`prompt`, an exceeded `max_age`), or
 * the client is to be confirmed. What no page could bring about (another person, a stronger login) is an error,
 * never a page that loops.
 */
export function createInteractionPolicy(settings: ProviderSettings): interactionPolicy.Prompt[] {
  // whatever the page is shown for, it is the one about consent where that is needed: one page, never two
  const details = async (ctx: KoaContextWithOIDC) => {
    // with `none` an error comes in its place
    if (!ctx.oidc.prompts.has('none')) await takePage(ctx, settings);
    return consentDetails(ctx, settings);
  };
  const login = new Prompt(
    { name: 'login', requestable: true },
    details,
    new Check('no_session', 'nobody is logged in with this browser yet', ({ oidc }) => {
      return !oidc.session?.accountId;
    }),
    new Check('max_age', 'the last login is longer ago than max_age allows', (ctx) => {
      const { oidc } = ctx;
      const { max_age: maxAge } = oidc.params ?? {};
      if (maxAge === undefined || oidc.result?.login || isDeviceClick(ctx)) return false;
      const loginSeconds = oidc.session?.authTime();
      if (loginSeconds === undefined) return true;
      return ageSeconds(settings.clock.nowSeconds(), loginSeconds) > Number(maxAge);
    }),
    new Check('subject', 'somebody else was asked for', requireSubject),
    new Check('assurance', 'a stronger login was asked for', requireAssurance),
  );
  const selectAccount = new Prompt({ name: 'select_account', requestable: true }, details);
  const consent = new Prompt(
    { name: 'consent', requestable: true },
    details,
    new Check('confirm', 'the login is to be confirmed', (ctx) => {
      // the device page was it
      if (ctx.oidc.result?.consent || isDeviceClick(ctx)) return false;
      return !needsConsent(ctx) && needsConfirmation(ctx, settings);
    }),
    new Check('allow', 'the person has not allowed this app what it asks for', async (ctx) => {
      const consent = await consentOf(ctx, settings);
      return consent !== undefined && !consent.given;
    }),
  );
  return [login, selectAccount, consent];
}

/** OpenID Connect Core 3.1.2.1 (`id_token_hint`) and 5.5.1 (`sub` with a value): this person or nobody. */
async function requireSubject(ctx: KoaContextWithOIDC): Promise<boolean> {
  const { oidc } = ctx;
  const hinted = oidc.entities.IdTokenHint?.payload['sub'];
  const claimed = oidc.claims.id_token?.['sub']?.value;
  if (hinted === undefined && claimed === undefined) return false;
  const identified = await factsOf(ctx).identify();
  const subject = identified.ok ? subjectOf(identified.identity) : undefined;
  if ([hinted, claimed].some((wanted) => wanted !== undefined && wanted !== subject)) {
    throw new errors.LoginRequired('the person at this device is not the one who was asked for');
  }
  return false;
}

/** OpenID Connect Core 5.5.1.1: an essential `acr` that can't be had is an error. */
function requireAssurance({ oidc }: KoaContextWithOIDC): boolean {
  const request = oidc.claims.id_token?.['acr'];
  if (!request?.essential) return false;
  const wanted = [request.value, ...(Array.isArray(request.values) ? request.values : [])];
  const named = wanted.filter((value) => value !== undefined);
  if (named.length > 0 && !named.includes(acrTailnet)) {
    throw new errors.UnmetAuthenticationRequirements(
      `this network cannot give the authentication context that was asked for, only ${acrTailnet}`,
    );
  }
  return false;
}
