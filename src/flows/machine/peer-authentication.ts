import type { Context } from 'koa';
import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { optionsOf } from '../../access/client-settings.ts';
import { isOwnTrouble, refusalError } from '../../access/errors.ts';
import {
  isPeer,
  machineClientId,
  onlyForMachines,
  otherNode,
  peerMethod,
  personsDevice,
} from '../../access/peer-client.ts';
import { factsOf } from '../../access/request.ts';
import { isFromWebPage } from '../../access/web-page.ts';
import type { ClientRegistry } from '../../clients/clients.ts';
import { oauthText } from '../../protocol/oauth-text.ts';
import type { Parameters } from '../../protocol/parameters.ts';

/**
 * Asks who calls where nobody presents a credential and a client is its tailnet node; a tagged node that names no
 * client is one by itself. Changes `parameters` in place.
 * @throws errors.InvalidRequest 403 for what a web page sent: it would borrow the machine's identity (T33)
 * @throws errors.TemporarilyUnavailable while tailscaled can't say
 */
export async function presentPeer(
  ctx: Context,
  parameters: Parameters,
  clients: ClientRegistry,
): Promise<void> {
  const { client_id: id, client_secret: secret, client_assertion: assertion } = parameters;
  if (ctx.req.headers.authorization !== undefined || secret || assertion) return;
  if (id !== undefined && (typeof id !== 'string' || !(await isPeerClient(id, clients)))) return;
  const facts = factsOf(ctx);
  const identified = await facts.identify();
  if (!identified.ok) {
    if (isOwnTrouble(identified.refusal)) throw refusalError(identified.refusal, false);
    return requireClient(parameters, identified.refusal.message);
  }
  const { identity, through } = identified;
  // a proxy speaks for people who log in; as a credential the connection must be the machine's own (T34)
  if (through === 'proxy') return requireClient(parameters, 'this came through a reverse proxy');
  if (identity.kind !== 'machine') return requireClient(parameters, personsDevice);
  refuseWebPages(ctx);
  facts.machine = { ...identified, identity };
  parameters['client_id'] ??= machineClientId(identity);
}

/** Only a tagged node needs no client ID; everybody else is told so in words that help. */
function requireClient({ client_id: id, grant_type: grantType }: Parameters, who: string): void {
  if (id !== undefined || grantType !== 'client_credentials') return;
  throw invalidClient(oauthText(onlyForMachines(who)));
}

async function isPeerClient(id: string, clients: ClientRegistry): Promise<boolean> {
  const client = await clients.find(id);
  return client !== undefined && client.options.peer !== undefined;
}

function refuseWebPages(ctx: Context): void {
  if (!isFromWebPage(ctx)) return;
  throw new errors.InvalidRequest(
    'a web page may not use the identity of the machine that shows it',
    403,
  );
}

/** oidc-provider's mutual TLS hooks; see `peer-client.ts`. */
export const peerFeature = {
  enabled: true,
  tlsClientAuth: true,
  getCertificate: (ctx: KoaContextWithOIDC) => {
    const { machine } = factsOf(ctx);
    if (machine) return peerMethod;
    const description =
      'this client is known by its tailnet node: call from a tagged device that it is registered for, over a listener that knows its peers';
    throw invalidClient(description);
  },
  certificateAuthorized: () => true,
  certificateSubjectMatches: (ctx: KoaContextWithOIDC) => {
    const { client } = ctx.oidc;
    const { machine } = factsOf(ctx);
    const peer = client && optionsOf(client).peer;
    if (peer && machine && isPeer(peer, machine.identity)) return true;
    throw invalidClient(oauthText(otherNode(machine?.identity)));
  },
} satisfies NonNullable<Configuration['features']>['mTLS'];

function invalidClient(description: string): errors.InvalidClient {
  const error = new errors.InvalidClient(description);
  // RFC 6749 section 5.2
  error.status = 401;
  error.statusCode = 401;
  return error;
}
