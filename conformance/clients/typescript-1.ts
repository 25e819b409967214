import {
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  UnauthorizedError,
} from '@modelcontextprotocol/sdk/client/auth.js';
import {
  ClientCredentialsProvider,
  PrivateKeyJwtProvider,
} from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type {
  OAuthClientInformationMixed,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js';
import { keep, providerFor, serve, settings } from './program.ts';

// the official TypeScript SDK 1.x

const kept = keep<OAuthTokens, OAuthClientInformationMixed, OAuthDiscoveryState>();
const { machine } = settings;

function provider(): OAuthClientProvider {
  if (!machine) return providerFor(kept);
  const { id: clientId, issuer: expectedIssuer } = machine;
  if ('secret' in machine) {
    return new ClientCredentialsProvider({
      clientId,
      clientSecret: machine.secret,
      expectedIssuer,
    });
  }
  const { privateKey, algorithm } = machine;
  return new PrivateKeyJwtProvider({ clientId, privateKey, algorithm, expectedIssuer });
}

const transportFor = (authProvider: OAuthClientProvider): StreamableHTTPClientTransport =>
  new StreamableHTTPClientTransport(new URL(settings.url), { authProvider });

async function open(authProvider: OAuthClientProvider): Promise<Client> {
  const client = new Client({ name: 'example-agent', version: '1.0.0' });
  await client.connect(transportFor(authProvider));
  return client;
}

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args });
  return (content as { text: string }[]).map(({ text }) => text).join('');
}

await serve<OAuthClientProvider>(
  {
    isUnauthorized: (error) => error instanceof UnauthorizedError,
    async connect(authProvider) {
      const client = await open(authProvider);
      return {
        async call(name, args) {
          try {
            return await call(client, name, args);
          } catch (error) {
            if (!(error instanceof StreamableHTTPError && error.code === 403)) throw error;
          }
          // 1.x answers a missing scope with a refresh, which can't bring it (its issue 2255); without a refresh
          // token it asks the person
          if (kept.tokens) delete kept.tokens.refresh_token;
          const other = await open(authProvider);
          try {
            return await call(other, name, args);
          } finally {
            await other.close();
          }
        },
        close: () => client.close(),
      };
    },
    finish: (authProvider, answer) =>
      transportFor(authProvider).finishAuth(answer.get('code') ?? ''),
  },
  provider(),
  kept,
);
