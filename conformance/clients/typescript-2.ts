import {
  Client,
  ClientCredentialsProvider,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  PrivateKeyJwtProvider,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { keep, providerFor, serve, settings } from './program.ts';

// the official TypeScript SDK 2.x

const kept = keep<StoredOAuthTokens, StoredOAuthClientInformation, OAuthDiscoveryState>();
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

await serve<OAuthClientProvider>(
  {
    isUnauthorized: (error) => error instanceof UnauthorizedError,
    async connect(authProvider) {
      const client = new Client({ name: 'example-agent', version: '1.0.0' });
      await client.connect(transportFor(authProvider));
      return {
        async call(name, args) {
          const { content } = await client.callTool({ name, arguments: args });
          return (content as { text: string }[]).map(({ text }) => text).join('');
        },
        close: () => client.close(),
      };
    },
    finish: (authProvider, answer) => transportFor(authProvider).finishAuth(answer),
  },
  provider(),
  kept,
);
