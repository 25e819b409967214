import { randomBytes } from 'node:crypto';
import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { optionsOf } from '../../access/client-settings.ts';
import { asksConsent, consentKeyOf } from '../../access/consent-key.ts';
import { type ConsentQuestion, questionOf } from '../../access/consent-question.ts';
import { factsOf } from '../../access/request.ts';
import { type Requested, requestedOf } from '../../access/requested.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import type { Identity } from '../../identity/identity.ts';
import { displayLogin } from '../../identity/subject.ts';
import type { Consent, ConsentKey } from '../../store/consent-table.ts';

/** Where a request stands that needs the person's consent. */
export interface ConsentState {
  readonly key: ConsentKey;
  readonly identity: Identity;
  readonly requested: Requested;
  /** What the person allows, of what is requested. Undefined: they are to be asked. */
  readonly given: Requested | undefined;
  /** Whether it was allowed on a page in this very login, or is remembered. */
  readonly source: 'page' | 'remembered';
}

const states = new WeakMap<KoaContextWithOIDC['oidc'], Promise<ConsentState>>();
const settled = new WeakMap<KoaContextWithOIDC['oidc'], ConsentState>();

/** Is the person of this authorization request to be asked, or were they? Device codes have a page of their own. */
export function needsConsent({ oidc }: KoaContextWithOIDC): boolean {
  if (oidc.route !== 'authorization' && oidc.route !== 'resume') return false;
  return oidc.client !== undefined && asksConsent(oidc.client, oidc.params?.['redirect_uri']);
}

/**
 * How this request stands, found out once; undefined where nobody's consent is needed.
 * @throws PolicyDenied, errors.InvalidTarget as `requestedOf`
 */
export async function consentOf(
  ctx: KoaContextWithOIDC,
  settings: ProviderSettings,
): Promise<ConsentState | undefined> {
  if (!needsConsent(ctx)) return undefined;
  let state = states.get(ctx.oidc);
  if (!state) {
    state = findState(ctx, settings);
    states.set(ctx.oidc, state);
  }
  const found = await state;
  settled.set(ctx.oidc, found);
  return found;
}

/** What `consentOf` found in this request; undefined where it was not asked. */
export function settledConsent({ oidc }: KoaContextWithOIDC): ConsentState | undefined {
  return settled.get(oidc);
}

async function findState(
  ctx: KoaContextWithOIDC,
  settings: ProviderSettings,
): Promise<ConsentState> {
  const { client, params, result, entities } = ctx.oidc;
  const identified = await factsOf(ctx).identify();
  if (!client || !identified.ok) throw new Error('consent of nobody, or to nobody');
  const { identity } = identified;
  const key = consentKeyOf(client, String(params?.['redirect_uri']), identity);
  const requested = await requestedOf(ctx, settings);
  const state = { key, identity, requested };
  const question = result?.consent && entities.Interaction && questionOf(entities.Interaction);
  if (question && isSameKey(question.key, key) && question.device === identity.node.stableId) {
    return { ...state, given: within(requested, question.requested), source: 'page' };
  }
  const remembered = asksEveryTime(client, settings) ? [] : await settings.consents.find(key);
  const given = isCovered(requested, remembered) ? requested : undefined;
  return { ...state, given, source: 'remembered' };
}

/** What an interaction that begins now keeps for its page (`details` of a prompt). */
export async function consentDetails(
  ctx: KoaContextWithOIDC,
  settings: ProviderSettings,
): Promise<{ consent?: ConsentQuestion }> {
  const state = await consentOf(ctx, settings);
  if (!state) return {};
  const { key, identity, requested } = state;
  const secret = randomBytes(32).toString('base64url');
  const { stableId: device } = identity.node;
  return { consent: { key, login: displayLogin(identity), device, requested, secret } };
}

const keyMembers = ['subject', 'clientId', 'redirectHost', 'device', 'redirectsDigest'] as const;

function isSameKey(one: ConsentKey, other: ConsentKey): boolean {
  return keyMembers.every((member) => one[member] === other[member]);
}

/** An operator may want a click for each login, whatever is remembered. */
function asksEveryTime(client: Client, { login }: ProviderSettings): boolean {
  return (optionsOf(client).login ?? login) === 'confirm';
}

function isCovered({ identityScopes, resources }: Requested, remembered: readonly Consent[]) {
  const covers = (resource: string | undefined, scopes: readonly string[]): boolean => {
    const known = remembered.find((consent) => consent.resource === resource);
    return known !== undefined && scopes.every((scope) => known.scopes.includes(scope));
  };
  return (
    // the page says how long access lasts, whether or not a scope does
    covers(
      undefined,
      identityScopes.filter((scope) => scope !== 'offline_access'),
    ) && resources.every(({ uri, scopes }) => covers(uri, scopesNamed(scopes)))
  );
}

function scopesNamed(scopes: Requested['resources'][number]['scopes']): string[] {
  return scopes.map(({ name }) => name);
}

/** Grants may have changed while the page was open: no more than was shown, and no more than policy gives now. */
function within(now: Requested, shown: Requested): Requested {
  const shownAt = new Map(shown.resources.map(({ uri, scopes }) => [uri, scopesNamed(scopes)]));
  return {
    identityScopes: now.identityScopes.filter((scope) => shown.identityScopes.includes(scope)),
    resources: now.resources.flatMap(({ uri, name, scopes }) => {
      const seen = shownAt.get(uri);
      return seen ? [{ uri, name, scopes: scopes.filter((one) => seen.includes(one.name)) }] : [];
    }),
  };
}

/** One row for what says who somebody is, and one a resource. */
export function consentParts({ identityScopes, resources }: Requested) {
  return [
    { resource: undefined, scopes: identityScopes },
    ...resources.map(({ uri, scopes }) => ({ resource: uri, scopes: scopesNamed(scopes) })),
  ];
}
