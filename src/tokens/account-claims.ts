import { randomUUID } from 'node:crypto';
import type { AccountClaims, KoaContextWithOIDC } from 'oidc-provider';
import { factsOf } from '../access/request.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { type ClaimOptions, deviceClaims, scopedClaims } from '../identity/claims.ts';
import type { Identity } from '../identity/identity.ts';
import { subjectOf } from '../identity/subject.ts';
import type { CapMap } from '../peer/whois.ts';
import { accountNamesOf } from '../policy/account-names.ts';
import {
  type ClientClaims,
  groupsForClient,
  isToldGroups,
  type KnownGroups,
  mappedClaims,
  type Placeholder,
} from '../policy/client-claims.ts';
import { type ExtraClaims, emailVerifiedBy, extraClaimsOf } from '../policy/extra-claims.ts';
import { rulesOf } from '../policy/grant.ts';
import { groupsOf } from '../policy/groups.ts';
import { tailnetGroupsOf, toldGroups } from '../policy/tailnet-groups.ts';
import { tokenName } from './token-name.ts';

export interface ClaimsQuestion {
  readonly identity: Identity;
  readonly capMap: CapMap;
  /** The app that is told. */
  readonly clientId: string;
  /** The app's; undefined: the usual claims. */
  readonly claims: ClientClaims | undefined;
  /** oidc-provider's `use`: `id_token`, `userinfo`, … */
  readonly use: string;
  /** Granted scopes, separated by spaces. */
  readonly scope: string;
}

type Claims = Readonly<Record<string, unknown>>;

const usual: ClientClaims = { groups: 'scope', groupNames: {}, set: {} };

/** What an app is told of somebody: identity, then what grants add, then what the app's configuration sets. */
export function claimsFor(
  ctx: KoaContextWithOIDC,
  question: ClaimsQuestion,
  settings: ProviderSettings,
): AccountClaims {
  const { identity, capMap, claims: wanted = usual, use, scope } = question;
  const options = {
    issuerHost: new URL(settings.issuer).hostname,
    emailVerified: settings.emailVerified,
    bareLoginEmail: settings.bareLoginEmail,
    now: settings.clock.nowSeconds(),
  };
  const { rules } = rulesOf(capMap);
  const extra = extraClaimsOf(rules);
  const known = knownGroups(question, wanted, settings);
  const person = personClaims(question, options);
  const inIdToken = use === 'id_token';
  const always: Record<string, unknown> = { ...(inIdToken ? extra.idToken : extra.userinfo) };
  const groups = groupsForClient(wanted, known, scope);
  if (groups !== undefined) always['groups'] = groups;
  if (Object.keys(wanted.set).length > 0) {
    const allGroups = groupsForClient({ ...wanted, groups: 'always' }, known, scope);
    const all = allClaims({ identity, person, extra, groups: allGroups }, options);
    Object.assign(always, mappedClaims(wanted.set, all));
  }
  if (inIdToken) {
    // the first half leads to its Grant, where an ID token is exchanged
    const grantId = ctx.oidc.grant?.jti;
    const half = grantId ? tokenName(grantId) : randomDigits();
    const jti = half + randomDigits();
    factsOf(ctx).idTokenId = jti;
    Object.assign(always, deviceClaims(identity, options), { jti });
  }
  return { sub: subjectOf(identity), ...person, [extraClaimsKey]: always };
}

function knownGroups(
  { identity, capMap, clientId, scope }: ClaimsQuestion,
  wanted: ClientClaims,
  { onTooManyGroups }: ProviderSettings,
): KnownGroups {
  const { groups, tooMany } = toldGroups(tailnetGroupsOf(identity), wanted);
  if (tooMany !== undefined && isToldGroups(wanted, scope)) {
    onTooManyGroups?.(subjectOf(identity), clientId, tooMany);
  }
  return { granted: groupsOf(rulesOf(capMap).rules), ofTailnet: groups };
}

/** Name and address: from the login, or those that the policy gives this one person. */
function personClaims({ identity, capMap }: ClaimsQuestion, options: ClaimOptions): Claims {
  const rules = rulesOf(capMap);
  const { username, email } = accountNamesOf(identity, rules);
  const verified = emailVerifiedBy(rules.rules);
  return {
    ...scopedClaims(identity, options),
    ...(username === undefined ? {} : { username, preferred_username: username }),
    ...(email === undefined ? {} : { email, email_verified: false }),
    ...(verified === undefined ? {} : { email_verified: verified }),
  };
}

interface Parts {
  readonly identity: Identity;
  readonly person: Claims;
  readonly extra: ExtraClaims;
  readonly groups: readonly string[] | undefined;
}

/** Everything that an app's configuration may take a claim from. */
function allClaims({ identity, person, extra, groups }: Parts, options: ClaimOptions) {
  const sub = subjectOf(identity);
  const { username, email, name } = person;
  const placeholders: Partial<Record<Placeholder, string>> = {
    sub,
    node: identity.node.name.replace(/\.$/, ''),
    tailnet: identity.tailnet.replace(/\.$/, ''),
    ...texts({ username, email, name }),
    ...(identity.kind === 'user' ? { login: identity.login } : {}),
  };
  const claims = {
    ...extra.idToken,
    ...deviceClaims(identity, options),
    ...person,
    ...(groups ? { groups } : {}),
    sub,
  };
  return { claims, placeholders };
}

function texts(values: Claims): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}

/** Hexadecimal, of 122 random bits: Node makes them in batches, which single bytes would cost a call each. */
function randomDigits(): string {
  return randomUUID().replaceAll('-', '');
}

/** Where an account puts claims that go into the token whatever the scopes say. */
export const extraClaimsKey: unique symbol = Symbol('extra claims');

export interface MoreClaims {
  readonly [extraClaimsKey]?: Readonly<Record<string, unknown>>;
}
