import type { Context } from 'koa';
import type {
  AccessToken,
  Account,
  Client,
  ClientCredentials,
  KoaContextWithOIDC,
  RefreshToken,
} from 'oidc-provider';
import { factsOf } from '../access/request.ts';
import { isSelfRegistered } from '../access/self-registered.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { endRefused } from '../endings/end-refused.ts';
import { rulesOf } from '../policy/grant.ts';
import { servesResource } from '../policy/machine-resources.ts';
import { accountBehind } from './account.ts';
import { clientTokenScopes } from './client-token.ts';
import { resourceClaims } from './token-claims.ts';
import { tokenName } from './token-name.ts';

type Token = AccessToken | ClientCredentials | RefreshToken;

const accountKey = 'tsidpIntrospected';
const scopesKey = 'tsidpScopesLeft';

/**
 * Who may see a token (RFC 7662 4): its own client always; other confidential clients that an operator entered the
 * access tokens that are bound to no audience, as resource servers of apps do; whoever is configured as its audience
 * (T06). And only while the person behind it is still there and allowed (T12, T13): else it is inactive, for everybody.
 */
export async function introspectionAllowed(
  ctx: KoaContextWithOIDC,
  client: Client,
  token: Token,
  settings: ProviderSettings,
): Promise<boolean> {
  if (token.clientId !== client.clientId && !isForeignReader(ctx, client, token, settings))
    return false;
  if (token.kind === 'ClientCredentials') {
    const scopes = await clientTokenScopes(ctx, token as ClientCredentials, settings);
    ctx.state[scopesKey] = scopes;
    if (scopes === undefined) {
      await endRefused(settings.endings, token, { why: 'not-admitted', tokenAlone: false });
    }
    return scopes !== undefined;
  }
  const account = await accountBehind(ctx, token.accountId, token, settings);
  ctx.state[accountKey] = account;
  ctx.state[scopesKey] = account?.scopes;
  return account !== undefined;
}

function isForeignReader(
  ctx: KoaContextWithOIDC,
  client: Client,
  token: Token,
  { resources }: ProviderSettings,
): boolean {
  if (client.clientAuthMethod === 'none' || token.kind === 'RefreshToken') return false;
  const audience = [('aud' in token && token.aud) || []].flat();
  const { machine } = factsOf(ctx);
  // a machine without registration is nobody's resource server but those that its grants name
  if (machine && audience.length === 0) return false;
  // nor is a client that gave itself a secret: what an administrator approves is that people enter it
  if (isSelfRegistered(client) && audience.length === 0) return false;
  if (audience.length === 0) return true;
  // each audience of a token for several is a resource that it works at
  return audience.some(
    (uri) =>
      isNamedAfter(client, uri) ||
      resources.find(uri)?.clients.includes(client.clientId) ||
      (machine && servesResource(rulesOf(machine.capMap), uri)),
  );
}

/** tsidp's audiences are IDs of clients as often as URIs. Nobody but an operator chooses such an ID. */
function isNamedAfter(client: Client, audience: string): boolean {
  return client.clientId === audience && !isSelfRegistered(client);
}

/** A client ends its own tokens; another's token is answered like an unknown one (RFC 7009 2.2), and lives on (T01). */
export async function revocationAllowed(
  _ctx: KoaContextWithOIDC,
  client: Client,
  token: Token,
): Promise<boolean> {
  return token.clientId === client.clientId;
}

/** tsidp's answer names the person and the audience, which oidc-provider's does not. Called after it answered. */
export async function describeToken(ctx: Context): Promise<void> {
  const body = ctx.body as Record<string, unknown> | undefined;
  const account = ctx.state[accountKey] as Awaited<ReturnType<typeof accountBehind>>;
  if (body?.['active'] !== true) return;
  const scopes = (ctx.state[scopesKey] as readonly string[] | undefined) ?? [];
  const scope = scopes.join(' ');
  // what it was issued with counts for nothing where nothing of that is left
  delete body['scope'];
  if (scope !== '') body['scope'] = scope;
  if (!account) return;
  const claims = await account.claims('introspection', scope, {}, []);
  if ('groups' in body) await renewGroups(body, account);
  const profile = scopes.includes('profile');
  Object.assign(body, {
    aud: body['aud'] ?? [body['client_id']],
    nbf: body['iat'],
    // tsidp's answer has one, too; ours is the name in the audit records
    jti: body['jti'] ?? tokenName(String(ctx['oidc'].params?.['token'])),
    username: account['login'],
    ...(profile ? { preferred_username: claims['preferred_username'] } : {}),
    ...(profile && claims['picture'] ? { picture: claims['picture'] } : {}),
    ...(scopes.includes('email') && claims['email'] ? { email: claims['email'] } : {}),
  });
}

/** Of a token whose resource is told groups (`resources[].claims`): those of now, not of when it was issued. */
async function renewGroups(body: Record<string, unknown>, account: Account): Promise<void> {
  const { groups } = await resourceClaims(account);
  delete body['groups'];
  if (groups !== undefined) body['groups'] = groups;
}
