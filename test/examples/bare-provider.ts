import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export interface BareProvider {
  readonly issuer: string;
  /** What the next sign-in is answered with; a person signs in by default. */
  answer: { login: string } | { error: string; error_description: string };
  /** What the userinfo endpoint answers instead of the truth. */
  userinfo: string | undefined;
  /** The app's redirect URI is known only after it listens. */
  registerApp(appUrl: string): void;
  close(): Promise<void>;
}

export const client = { id: 'demo', secret: randomBytes(24).toString('base64url') };

/** oidc-provider as it comes, signing everybody in without a page: another provider than ours, for the app's tests. */
export async function startBareProvider(port = 0): Promise<BareProvider> {
  let handle: (request: IncomingMessage, response: ServerResponse) => unknown = () => undefined;
  const server = createServer((request, response) => void handle(request, response));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const bare: BareProvider = {
    issuer,
    answer: { login: 'alice' },
    userinfo: undefined,
    registerApp(appUrl) {
      const provider = createProvider(issuer, appUrl);
      const callback = provider.callback();
      handle = (request, response) => {
        if (request.url === '/me' && bare.userinfo !== undefined)
          return response.end(bare.userinfo);
        return request.url?.startsWith('/interaction/')
          ? finish(provider, bare.answer, request, response)
          : callback(request, response);
      };
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return bare;
}

function createProvider(issuer: string, appUrl: string): Provider {
  return new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [`${appUrl}/callback`],
        post_logout_redirect_uris: [`${appUrl}/signed-out`],
      },
    ],
    cookies: { keys: [client.secret] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    claims: { openid: ['sub'], profile: ['preferred_username', 'name'] },
    findAccount: (_ctx, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, preferred_username: accountId, name: '<b>Alice & Co</b>' }),
    }),
    async loadExistingGrant(ctx) {
      const { client: app, session } = ctx.oidc;
      const grant = new ctx.oidc.provider.Grant({
        ...(app ? { clientId: app.clientId } : {}),
        ...(session?.accountId ? { accountId: session.accountId } : {}),
      });
      grant.addOIDCScope('openid profile email groups');
      await grant.save();
      return grant;
    },
  });
}

async function finish(
  provider: Provider,
  answer: BareProvider['answer'],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const result = 'login' in answer ? { login: { accountId: answer.login } } : answer;
  await provider.interactionFinished(request, response, result);
}
