import {
  type Client,
  errors,
  type KoaContextWithOIDC,
  type Provider,
  type TokenEndpointGrantContext,
} from 'oidc-provider';
import * as grantHelpers from 'oidc-provider/lib/helpers/grants.js';
import { type BoundGrant, deviceBinding } from '../../access/bound-grant.ts';
import { appOf } from '../../access/enter.ts';
import { machineClientId } from '../../access/peer-client.ts';
import { factsOf, type KnownMachine } from '../../access/request.ts';
import { invalidTarget, resourceScopesOf } from '../../access/resource-scopes.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { oauthText } from '../../protocol/oauth-text.ts';
import { accountOf } from '../../tokens/account.ts';
import { scopesOfClient } from '../../tokens/client-token.ts';
import { bindToProof, takeProof } from '../../tokens/proof.ts';
import { resourceServerOf, serverInfo } from '../../tokens/resource-info.ts';
import { decideMachineToken, requestedAt } from './machine-token.ts';

const grantType = 'client_credentials';

/**
 * The client credentials grant (RFC 6749 section 4.4) for two kinds of client: a machine that the connection
 * authenticates gets a token as itself, bound to its node like a login; a client with a secret or key gets one that
 * is its own. Ours in place of oidc-provider's, which knows no accounts here.
 */
export function grantClientCredentials(provider: Provider, settings: ProviderSettings): void {
  const handler = async (ctx: TokenEndpointGrantContext): Promise<void> => {
    const { client } = ctx.oidc;
    const { machine } = factsOf(ctx);
    await (machine
      ? answerMachine(ctx, { client, machine, provider }, settings)
      : answerClient(ctx, { client, provider }, settings));
  };
  provider.registerGrantType(grantType, handler, ['scope', 'resource'], ['resource']);
}

interface MachineRequest {
  readonly client: Client;
  readonly machine: KnownMachine;
  readonly provider: Provider;
}

async function answerMachine(
  ctx: TokenEndpointGrantContext,
  request: MachineRequest,
  settings: ProviderSettings,
): Promise<void> {
  const { client, machine, provider } = request;
  const asked = resourceScopesOf(ctx.oidc.requestParamScopes);
  const isItself = client.clientId === machineClientId(machine.identity);
  const decision = decideMachineToken(
    { machine, app: appOf(client), isItself, uri: oneResource(ctx), asked },
    settings,
  );
  if (!decision.allowed) {
    const reason = oauthText(decision.reason);
    if (decision.error === 'invalid_target') throw new errors.InvalidTarget(reason);
    throw new errors.InvalidScope(reason, asked.join(' '));
  }
  const { resource } = decision;
  const proof = await takeProof(ctx);
  const account = accountOf(ctx, machine, client, settings);
  const server = resourceServerOf(ctx, resource, serverInfo(resource, decision.scopes));
  const grant: BoundGrant = new provider.Grant({
    accountId: account.accountId,
    clientId: client.clientId,
  });
  grant.device = deviceBinding(machine.identity);
  grant.addResourceScope(resource.uri, [...decision.scopes]);
  const grantId = await grant.save();
  ctx.oidc.entity('Account', account);
  ctx.oidc.entity('Grant', grant);
  const token = new provider.AccessToken({
    accountId: account.accountId,
    client,
    grantId,
    gty: grantType,
    scope: decision.scopes.join(' ') || undefined,
  } as never);
  bindToProof(token, proof);
  await answer(ctx, provider, 'AccessToken', Object.assign(token, { resourceServer: server }));
}

/** A client with credentials of its own: no grant is about it, and its scopes are those that an operator gave it. */
async function answerClient(
  ctx: TokenEndpointGrantContext,
  { client, provider }: Pick<MachineRequest, 'client' | 'provider'>,
  settings: ProviderSettings,
): Promise<void> {
  if (client.clientAuthMethod === 'none') {
    throw new errors.UnauthorizedClient('a public client has no credentials for this grant');
  }
  const uri = oneResource(ctx);
  const token = new provider.ClientCredentials({ client } as never);
  if (uri !== undefined) {
    const resource = settings.resources.find(uri);
    if (!resource) throw invalidTarget(uri);
    const asked = resourceScopesOf(ctx.oidc.requestParamScopes);
    const scopes = scopesOfClient(client, resource, requestedAt(resource, asked));
    if (scopes.length === 0 && asked.length > 0) {
      throw new errors.InvalidScope(
        'this client may have none of these scopes: an administrator lists them in its "scopes"',
        asked.join(' '),
      );
    }
    Object.assign(token, {
      scope: scopes.join(' ') || undefined,
      resourceServer: resourceServerOf(ctx, resource, serverInfo(resource, scopes)),
    });
  }
  bindToProof(token, await takeProof(ctx));
  const grant = new provider.Grant({ clientId: client.clientId } as never);
  const [server] = Object.values(ctx.oidc.resourceServers);
  if (server) grant.addResourceScope(server.identifier(), token.scope ?? '');
  Object.assign(token, { grantId: await grant.save() });
  ctx.oidc.entity('Grant', grant);
  await answer(ctx, provider, 'ClientCredentials', token);
}

function oneResource({ oidc }: KoaContextWithOIDC): string | undefined {
  const { resource } = oidc.params ?? {};
  if (Array.isArray(resource)) {
    throw new errors.InvalidTarget('a token is for one resource: ask for each by itself');
  }
  return typeof resource === 'string' ? resource : undefined;
}

type Token = InstanceType<Provider['AccessToken']> | InstanceType<Provider['ClientCredentials']>;

async function answer(
  ctx: TokenEndpointGrantContext,
  provider: Provider,
  model: 'AccessToken' | 'ClientCredentials',
  token: Token,
): Promise<void> {
  ctx.oidc.entity(model, token);
  const value = await token.save();
  ctx.body = grantHelpers.buildTokenResponse(provider, {
    accessToken: value,
    expiresIn: token.expiration,
    scope: token.scope ?? '',
    tokenType: token.tokenType,
  });
}
