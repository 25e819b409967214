import {
  type Client,
  errors,
  type KoaContextWithOIDC,
  type Provider,
  type TokenEndpointGrantContext,
} from 'oidc-provider';
import { deviceBinding } from '../../access/bound-grant.ts';
import { appOf } from '../../access/enter.ts';
import { machineClientId } from '../../access/peer-client.ts';
import { factsOf, type KnownMachine } from '../../access/request.ts';
import { invalidTarget, resourceScopesOf } from '../../access/resource-scopes.ts';
import type { Resource } from '../../access/resources.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { oauthText } from '../../protocol/oauth-text.ts';
import { accountOf } from '../../tokens/account.ts';
import { scopesOfClient } from '../../tokens/client-token.ts';
import { issueToken } from '../../tokens/issue-token.ts';
import { takeProof } from '../../tokens/proof.ts';
import { takeToken } from '../../tokens/token-rate.ts';
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
      ? answerMachine(ctx, { client, machine }, settings)
      : answerClient(ctx, client, settings));
  };
  provider.registerGrantType(grantType, handler, ['scope', 'resource'], ['resource']);
}

interface MachineRequest {
  readonly client: Client;
  readonly machine: KnownMachine;
}

async function answerMachine(
  ctx: TokenEndpointGrantContext,
  request: MachineRequest,
  settings: ProviderSettings,
): Promise<void> {
  const { client, machine } = request;
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
  await takeToken(ctx, undefined, settings);
  const proof = await takeProof(ctx);
  await issueToken(
    ctx,
    {
      grantType,
      holder: {
        kind: 'account',
        account: accountOf(ctx, machine, client, settings),
        device: deviceBinding(machine.identity),
        line: undefined,
      },
      resources: [resource],
      scopes: decision.scopes,
      expiresAt: undefined,
      proof,
      issuedType: undefined,
    },
    settings.clock,
  );
}

/** A client with credentials of its own: no grant is about it, and its scopes are those that an operator gave it. */
async function answerClient(
  ctx: TokenEndpointGrantContext,
  client: Client,
  settings: ProviderSettings,
): Promise<void> {
  if (client.clientAuthMethod === 'none') {
    throw new errors.UnauthorizedClient('a public client has no credentials for this grant');
  }
  const uri = oneResource(ctx) ?? meantResource(ctx, settings);
  const target = uri === undefined ? undefined : targetOf(ctx, { client, uri }, settings);
  await takeToken(ctx, undefined, settings);
  await issueToken(
    ctx,
    {
      grantType,
      holder: { kind: 'client' },
      resources: target ? [target.resource] : [],
      scopes: target?.scopes ?? [],
      expiresAt: undefined,
      proof: await takeProof(ctx),
      issuedType: undefined,
    },
    settings.clock,
  );
}

/**
 * Who asks for scopes and names no resource means the one that has them all; a token for none, or for another one, would
 * not be what was asked for (T45). Undefined where no such scope is asked for.
 * @throws errors.InvalidScope that names `resource`
 */
function meantResource(
  { oidc }: KoaContextWithOIDC,
  { resources }: ProviderSettings,
): string | undefined {
  const asked = resourceScopesOf(oidc.requestParamScopes);
  if (asked.length === 0) return undefined;
  const [meant, ...others] = resources.all.filter((resource) =>
    asked.every((scope) => resource.scopes?.has(scope)),
  );
  if (meant && others.length === 0) return meant.uri;
  throw new errors.InvalidScope(
    `${meant ? 'several resources have' : 'no resource has all of'} these scopes: name the one that you mean as "resource" (RFC 8707)`,
    asked.join(' '),
  );
}

/** @throws errors.InvalidTarget, errors.InvalidScope */
function targetOf(
  ctx: TokenEndpointGrantContext,
  { client, uri }: { readonly client: Client; readonly uri: string },
  { resources }: ProviderSettings,
): { readonly resource: Resource; readonly scopes: readonly string[] } {
  const resource = resources.find(uri);
  if (!resource) throw invalidTarget(uri);
  const asked = resourceScopesOf(ctx.oidc.requestParamScopes);
  const scopes = scopesOfClient(client, resource, requestedAt(resource, asked));
  if (scopes.length === 0 && asked.length > 0) {
    throw new errors.InvalidScope(
      'this client may have none of these scopes: an administrator lists them in its "scopes"',
      asked.join(' '),
    );
  }
  return { resource, scopes };
}

function oneResource({ oidc }: KoaContextWithOIDC): string | undefined {
  const { resource } = oidc.params ?? {};
  if (Array.isArray(resource)) {
    throw new errors.InvalidTarget('a token is for one resource: ask for each by itself');
  }
  return typeof resource === 'string' ? resource : undefined;
}
