import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';

/**
 * The part of the client programs that both TypeScript SDKs share. A test drives them by JSON lines:
 * in `{"tool", "arguments"}`, out `{"text"}` or `{"refused"}`; before that, out `{"authorize": URL}` is for the
 * person's browser, and the line that comes back has the `redirected` URL, or none when the person was shown a page.
 */

export interface Settings {
  /** Of the MCP server. */
  readonly url: string;
  /** What it registers, but for what the SDK adds; the first redirect URI is used. */
  readonly metadata: { readonly client_name: string; readonly redirect_uris: string[] };
  /** The client's metadata document; without it the client registers. */
  readonly documentUrl?: string;
  /** A client of its own right, no person. */
  readonly machine?: { readonly issuer: string; readonly id: string } & (
    | { readonly secret: string }
    | { readonly privateKey: string; readonly algorithm: string }
  );
}

/** A connection of an SDK, with its own OAuth client provider. */
export interface Connection {
  /** @returns the text of the result */
  call(tool: string, args: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

/** One SDK. */
export interface Sdk<Provider> {
  /** How it says that the person has to log in. */
  isUnauthorized(error: unknown): boolean;
  connect(provider: Provider): Promise<Connection>;
  /** Redeems the code of the answer to the last authorization request. */
  finish(provider: Provider, answer: URLSearchParams): Promise<void>;
}

/** What the SDKs want to be told about a client and to be kept for it. */
export interface Kept<Tokens, Information, Discovery> {
  tokens: Tokens | undefined;
  information: Information | undefined;
  discovery: Discovery | undefined;
  verifier: string;
  state: string;
  authorizationUrl: URL | undefined;
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function nextLine(): Promise<Record<string, unknown> | undefined> {
  const { value, done } = await lines.next();
  return done ? undefined : JSON.parse(value);
}

const say = (line: object): void => console.log(JSON.stringify(line));

export const settings: Settings = JSON.parse(process.argv[2] ?? '{}');

/** The members of an `OAuthClientProvider` that are the same in both SDKs. */
export function providerFor<Tokens, Information, Discovery>(
  kept: Kept<Tokens, Information, Discovery>,
) {
  return {
    redirectUrl: settings.metadata.redirect_uris[0],
    clientMetadata: settings.metadata,
    ...(settings.documentUrl === undefined ? {} : { clientMetadataUrl: settings.documentUrl }),
    state: (): string => {
      kept.state = randomUUID();
      return kept.state;
    },
    clientInformation: () => kept.information,
    saveClientInformation: (information: Information): void => {
      kept.information = information;
    },
    tokens: () => kept.tokens,
    saveTokens: (tokens: Tokens): void => {
      kept.tokens = tokens;
    },
    saveCodeVerifier: (verifier: string): void => {
      kept.verifier = verifier;
    },
    codeVerifier: () => kept.verifier,
    saveDiscoveryState: (discovery: Discovery): void => {
      kept.discovery = discovery;
    },
    discoveryState: () => kept.discovery,
    invalidateCredentials: (what: string): void => {
      if (what === 'all' || what === 'tokens') kept.tokens = undefined;
      if (what === 'all' || what === 'client') kept.information = undefined;
      if (what === 'all' || what === 'discovery') kept.discovery = undefined;
    },
    redirectToAuthorization: (url: URL): void => {
      kept.authorizationUrl = url;
    },
  };
}

export function keep<Tokens, Information, Discovery>(): Kept<Tokens, Information, Discovery> {
  return {
    tokens: undefined,
    information: undefined,
    discovery: undefined,
    verifier: '',
    state: '',
    authorizationUrl: undefined,
  };
}

/** Calls tools as lines ask for it, until there are no more. */
export async function serve<Provider>(
  sdk: Sdk<Provider>,
  provider: Provider,
  kept: Pick<Kept<never, never, never>, 'state' | 'authorizationUrl'>,
): Promise<void> {
  let connection: Connection | undefined;

  const attempt = async (tool: string, args: Record<string, unknown>): Promise<string> => {
    connection ??= await sdk.connect(provider);
    return connection.call(tool, args);
  };
  const logIn = async (): Promise<void> => {
    const url = kept.authorizationUrl;
    if (url === undefined) throw new Error('asked for no authorization');
    kept.authorizationUrl = undefined;
    say({ authorize: url.href });
    const redirected = (await nextLine())?.['redirected'];
    if (typeof redirected !== 'string') throw new Error('the person was shown a page');
    const { searchParams } = new URL(redirected);
    if (searchParams.get('state') !== kept.state) throw new Error('another state came back');
    await sdk.finish(provider, searchParams);
  };

  for (let line = await nextLine(); line; line = await nextLine()) {
    const tool = String(line['tool']);
    const args = line['arguments'] as Record<string, unknown>;
    try {
      const text = await attempt(tool, args).catch(async (error: unknown) => {
        if (!sdk.isUnauthorized(error)) throw error;
        await connection?.close();
        connection = undefined;
        await logIn();
        return attempt(tool, args);
      });
      say({ text });
    } catch (error) {
      say({ refused: String(error) });
      await connection?.close();
      connection = undefined;
    }
  }
  await connection?.close();
}
