import type { AccessError } from './access-error.ts';
import type { IntrospectionCredentials } from './introspect.ts';
import type { Algorithm } from './jwt.ts';

export interface IntrospectionOptions {
  readonly credentials: IntrospectionCredentials;
  /**
   * Ask about JWTs, too, after their signature was found right: a revoked token ends at once instead of when it
   * expires. Costs one request to the issuer for each request. Default false.
   */
  readonly always?: boolean;
  /** How long an answer is used again, so how late a revocation may be seen: 0 to 60. Default 0, never. */
  readonly cacheSeconds?: number;
}

export interface ResourceOptions {
  /** The issuer's URL, byte by byte as its metadata has it (RFC 8414 section 3.3). */
  readonly issuer: string;
  /**
   * This resource's identifier: the URL that clients are given, without query or fragment (RFC 8707 section 2). What
   * tokens must have as `aud`; `https://h` and `https://h/` are one.
   */
  readonly resource: string;
  /**
   * The scopes that it knows (`scopes_supported`). Keep them few: clients that get no hint ask for all. With this,
   * needing any other scope throws where it is written.
   */
  readonly scopes?: readonly string[];
  /** What people call it (`resource_name`). */
  readonly name?: string;
  /** URL of a page for developers (`resource_documentation`). */
  readonly documentation?: string;
  /** How JWTs may be signed. Default all three. */
  readonly algorithms?: readonly Algorithm[];
  /** Needed for opaque tokens, and to see revocation at once. Default: JWTs only, and the issuer is asked for keys alone. */
  readonly introspection?: IntrospectionOptions;
  /**
   * Where the issuer's metadata is read, when this machine reaches it elsewhere than clients do (a backchannel
   * listener). The endpoints that it names must be there or at the issuer. Default: RFC 8414's place.
   */
  readonly metadataUrl?: string;
  /**
   * Let issuer and resource be plain HTTP on other hosts than loopback. Right inside a tailnet only, whose connections
   * are encrypted below. Default false.
   */
  readonly plainHttp?: boolean;
  /** How far clocks may differ: 0 to 60. Default 5. */
  readonly clockToleranceSeconds?: number;
  /** How long the issuer may take for an answer: 1 to 60 000. Default 5000. */
  readonly timeoutMs?: number;
  /** Called for every refusal, before it is answered; for a log line. `cause` tells why the issuer can't be asked. */
  readonly onRefusal?: (error: AccessError) => void;
  /** What asks the issuer; for a private certificate authority. Default: the global one. */
  readonly fetch?: typeof fetch;
  /** Epoch seconds. Default: the machine's clock. */
  readonly clock?: () => number;
}

export interface CheckedOptions extends ResourceOptions {
  readonly algorithms: readonly Algorithm[];
  readonly clockToleranceSeconds: number;
  readonly fetch: typeof fetch;
  readonly clock: () => number;
  readonly timeoutMs: number;
}

const allAlgorithms: readonly Algorithm[] = ['RS256', 'ES256', 'EdDSA'];

/** @throws TypeError that names the option and what it should be */
export function checkOptions(options: ResourceOptions): CheckedOptions {
  const { issuer, resource, scopes = [], introspection } = options;
  const algorithms = options.algorithms ?? allAlgorithms;
  const plainHttp = options.plainHttp ?? false;
  checkUrl('issuer', issuer, plainHttp);
  checkUrl('resource', resource, plainHttp);
  // how the issuer is reached is the operator's word, written for this very purpose
  if (options.metadataUrl !== undefined) checkUrl('metadataUrl', options.metadataUrl, true);
  for (const scope of scopes) {
    demand(/^[\x21\x23-\x5b\x5d-\x7e]+$/u.test(scope), `scopes: "${scope}" is not a scope`);
  }
  demand(algorithms.length > 0, 'algorithms: name one at least');
  for (const algorithm of algorithms) {
    const isKnown = allAlgorithms.includes(algorithm);
    demand(isKnown, `algorithms: "${algorithm}" must be one of ${allAlgorithms.join(', ')}`);
  }
  const checked = {
    ...options,
    algorithms,
    clockToleranceSeconds: options.clockToleranceSeconds ?? 5,
    timeoutMs: options.timeoutMs ?? 5000,
    fetch: options.fetch ?? fetch,
    clock: options.clock ?? (() => Date.now() / 1000),
  };
  checkNumber('clockToleranceSeconds', checked.clockToleranceSeconds, 0, 60);
  checkNumber('timeoutMs', checked.timeoutMs, 1, 60_000);
  checkNumber('introspection.cacheSeconds', introspection?.cacheSeconds ?? 0, 0, 60);
  return checked;
}

function checkUrl(name: string, text: string, plainHttp: boolean): void {
  const example = 'must be a URL such as "https://mcp.example.ts.net/mcp"';
  demand(URL.canParse(text) && !/[\s\\"]/u.test(text), `${name}: ${example}`);
  const url = new URL(text);
  demand(!/[?#]/u.test(text), `${name}: must have no query and no fragment`);
  demand(url.username === '' && url.password === '', `${name}: must hold no user name`);
  const isLoopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/u.test(url.hostname);
  const mayBePlain = url.protocol === 'http:' && (plainHttp || isLoopback);
  demand(url.protocol === 'https:' || mayBePlain, `${name}: must be https, or plainHttp be set`);
}

function checkNumber(name: string, value: number, min: number, max: number): void {
  demand(value >= min && value <= max, `${name}: must be a number from ${min} to ${max}`);
}

function demand(holds: boolean, problem: string): void {
  if (!holds) throw new TypeError(`createResource: ${problem}`);
}
