import { lookup, Resolver } from 'node:dns/promises';

/** All addresses of a host name, in the order to try them; empty when there are none. @throws Error */
export type Resolve = (hostname: string, how: ResolveOptions) => Promise<readonly string[]>;

export interface ResolveOptions {
  readonly signal: AbortSignal;
  /** Ask as this machine does, hosts file and search list included: for hosts that the operator named. */
  readonly system: boolean;
}

/**
 * Strangers' names are asked of DNS alone. The system's lookup would hold one of the few threads that sign our
 * tokens for as long as a stranger's name server likes, and a hosts file is not for them.
 */
export const resolve: Resolve = async (hostname, { signal, system }) => {
  if (system) {
    const found = await lookup(hostname, { all: true });
    return found.map(({ address }) => address);
  }
  const resolver = new Resolver({ timeout: 1500, tries: 2 });
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const answers = await Promise.allSettled([
      resolver.resolve4(hostname),
      resolver.resolve6(hostname),
    ]);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  } finally {
    signal.removeEventListener('abort', cancel);
  }
};
