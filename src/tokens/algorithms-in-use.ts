import type { ClientConfig } from '../config/client.ts';
import type { ResourceConfig } from '../config/resources-schema.ts';
import type { ClientMetadata } from '../protocol/client-metadata.ts';
import type { ClientTable } from '../store/store.ts';

/**
 * The algorithms that something here is signed with. Only their keys are published: some verifiers (FastMCP 3.4) turn
 * every token away once they find one key in the set whose kind they don't know.
 */
export interface AlgorithmsInUse {
  /** Asked of the store, at most once a second. What was in use stays so until the daemon ends, as tokens of it live on. */
  now(): Promise<ReadonlySet<string>>;
  /** A client was looked up, which comes before anything is signed for it. */
  note(metadata: ClientMetadata | undefined): void;
}

interface Declared {
  readonly clients: readonly Pick<ClientConfig, 'idTokenAlgorithm'>[];
  readonly resources: readonly Pick<ResourceConfig, 'algorithm' | 'tokenFormat'>[];
}

type Stored = Pick<ClientTable, 'idTokenAlgorithms'>;

const member = 'id_token_signed_response_alg';
const askAgainMs = 1000;

/** Those of configuration and store at this moment. */
export async function algorithmsInUse(
  { clients, resources }: Declared,
  stored: Stored,
): Promise<ReadonlySet<string>> {
  return new Set([
    // what is asked for by nobody is signed so, such as tokens for resources that only grants name
    'RS256',
    ...clients.map(({ idTokenAlgorithm }) => idTokenAlgorithm),
    ...resources.flatMap(({ algorithm, tokenFormat }) =>
      tokenFormat === 'jwt' ? [algorithm] : [],
    ),
    ...(await stored.idTokenAlgorithms()),
  ]);
}

/** @param nowMs monotonic */
export function createAlgorithmsInUse(
  declared: Declared,
  stored: Stored,
  nowMs: () => number = () => performance.now(),
): AlgorithmsInUse {
  const known = new Set<string>();
  let askedMs = Number.NEGATIVE_INFINITY;
  return {
    async now() {
      if (nowMs() - askedMs >= askAgainMs) {
        askedMs = nowMs();
        for (const algorithm of await algorithmsInUse(declared, stored)) known.add(algorithm);
      }
      return known;
    },
    note(metadata) {
      const algorithm = metadata?.[member];
      if (typeof algorithm === 'string') known.add(algorithm);
    },
  };
}
