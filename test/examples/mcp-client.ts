import {
  Client,
  type DpopSession,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { Browser } from '../world/browser.ts';

/** A public client that the operator registered; its redirect leads nowhere, tests read the `Location` header. */
export const mcpClient = { id: 'mcp-client', redirectUris: ['https://client.test/cb'] };

/** Somebody's MCP client: the official one, and their browser at their address. */
export class Person {
  readonly browser: Browser;
  /** The scope of each authorization request that the browser was sent to. */
  readonly askedFor: (string | null)[] = [];
  readonly provider: OAuthClientProvider;
  tokens: StoredOAuthTokens | undefined;
  #location: URL | undefined;
  #verifier = '';
  #discovered: OAuthDiscoveryState | undefined;

  constructor(address: string, dpop?: DpopSession) {
    this.browser = new Browser(address);
    this.provider = {
      redirectUrl: mcpClient.redirectUris[0],
      clientMetadata: { redirect_uris: mcpClient.redirectUris },
      clientInformation: () => ({ client_id: mcpClient.id }),
      tokens: () => this.tokens,
      saveTokens: (tokens) => {
        this.tokens = tokens;
      },
      saveCodeVerifier: (verifier) => {
        this.#verifier = verifier;
      },
      codeVerifier: () => this.#verifier,
      saveDiscoveryState: (state) => {
        this.#discovered = state;
      },
      discoveryState: () => this.#discovered,
      invalidateCredentials: () => {
        this.tokens = undefined;
      },
      ...(dpop ? { dpop: () => dpop } : {}),
      redirectToAuthorization: async (url) => {
        this.askedFor.push(url.searchParams.get('scope'));
        this.#location = (await this.browser.open(url)).location;
      },
    };
  }

  /** Connects with whatever tokens there are; logs in when the server asks for it. */
  async connect(url: string): Promise<Client> {
    const client = new Client({ name: 'test', version: '1.0.0' });
    try {
      await client.connect(this.#transport(url));
      return client;
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
    }
    await this.finish(url);
    const connected = new Client({ name: 'test', version: '1.0.0' });
    await connected.connect(this.#transport(url));
    return connected;
  }

  /** Redeems the code that the browser came back with. */
  async finish(url: string): Promise<void> {
    const answer = this.#location?.searchParams;
    if (!answer?.has('code')) throw new Error(`no code: ${this.#location}`);
    await this.#transport(url).finishAuth(answer);
  }

  #transport(url: string): StreamableHTTPClientTransport {
    return new StreamableHTTPClientTransport(new URL(url), { authProvider: this.provider });
  }
}
