import { askJson, type Outgoing } from './outgoing.ts';
import { type Renewed, renewed } from './renewed.ts';

/** What a resource needs to know of its issuer. */
export interface IssuerMetadata {
  readonly jwksUrl: string;
  readonly introspectionUrl: string | undefined;
}

export interface IssuerOptions {
  /** Compared byte by byte. */
  readonly issuer: string;
  readonly metadataUrl: string;
  readonly outgoing: Outgoing;
  readonly clock: () => number;
}

/** RFC 8414 section 3: the well-known part goes between host and path. */
export function metadataUrlOf(issuer: string): string {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/u, '')}`;
}

export function issuerMetadata(options: IssuerOptions): Renewed<IssuerMetadata> {
  return renewed({
    load: () => discover(options),
    freshSeconds: 3600,
    usableSeconds: 86_400,
    cooldownSeconds: 10,
    clock: options.clock,
  });
}

async function discover({ issuer, metadataUrl, outgoing }: IssuerOptions): Promise<IssuerMetadata> {
  const document = await askJson(metadataUrl, outgoing);
  // RFC 8414 section 3.3
  if (document['issuer'] !== issuer) {
    throw new Error(
      `${metadataUrl}: its issuer is ${JSON.stringify(document['issuer'])}, not "${issuer}"; write it exactly so`,
    );
  }
  const origins = new Set([new URL(issuer).origin, new URL(metadataUrl).origin]);
  const read = (name: string): string | undefined => {
    const url = document[name];
    if (url === undefined) return undefined;
    if (typeof url === 'string' && URL.canParse(url) && origins.has(new URL(url).origin))
      return url;
    throw new Error(`${metadataUrl}: ${name} leads away from ${[...origins].join(' and ')}`);
  };
  const jwksUrl = read('jwks_uri');
  if (jwksUrl === undefined) throw new Error(`${metadataUrl}: it names no jwks_uri`);
  return { jwksUrl, introspectionUrl: read('introspection_endpoint') };
}
