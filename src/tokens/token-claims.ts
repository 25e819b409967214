import type {
  AccessToken,
  Account,
  AccountClaims,
  ClientCredentials,
  KoaContextWithOIDC,
} from 'oidc-provider';
import { optionsOf } from '../access/client-settings.ts';
import { factsOf } from '../access/request.ts';
import type { ProviderSettings } from '../access/settings.ts';
import type { TailnetAccount } from './account.ts';
import { extraClaimsKey, type MoreClaims } from './account-claims.ts';

type Claims = Record<string, unknown>;

/**
 * What access tokens say beside the standard claims (`extraTokenClaims`); the same in JWTs and in introspection
 * answers: claims about the person that the resource's operator chose (`resources[].claims`), the node behind a
 * machine, and of an exchanged token who acts (RFC 8693 section 4).
 */
export async function tokenClaims(
  ctx: KoaContextWithOIDC,
  token: AccessToken | ClientCredentials,
  { resources }: ProviderSettings,
): Promise<Claims | undefined> {
  const { account, client } = ctx.oidc;
  if (!account || token.aud === undefined) return undefined;
  const [first = [], ...others] = [token.aud]
    .flat()
    .map((uri) => resources.find(uri)?.claims ?? []);
  // each of several audiences reads the whole token
  const names = first.filter((name) => others.every((claims) => claims.includes(name)));
  const person = names.length === 0 ? {} : await resourceClaims(account);
  const wanted = names.filter((name) => person[name] !== undefined);
  const { chain } = factsOf(ctx);
  const mayAct = chain?.mayAct ?? (client && optionsOf(client).mayAct);
  return {
    ...Object.fromEntries(wanted.map((name) => [name, person[name]])),
    ...machineClaims(account as TailnetAccount),
    ...(chain?.act ? { act: chain.act } : {}),
    ...(mayAct ? { may_act: mayAct } : {}),
  };
}

/** What userinfo would say under every scope. */
export async function resourceClaims(account: Account): Promise<Claims> {
  const claims: AccountClaims & MoreClaims = await account.claims(
    'userinfo',
    'openid profile email groups',
    {},
    [],
  );
  const groups = claims[extraClaimsKey]?.['groups'];
  return { ...claims, ...(groups === undefined ? {} : { groups }) };
}

function machineClaims({ known }: TailnetAccount): Claims {
  const { identity } = known;
  if (identity.kind === 'user') return {};
  const { node, tags, tailnet } = identity;
  return { tags, node: node.name.replace(/\.$/, ''), tailnet: tailnet.replace(/\.$/, '') };
}
