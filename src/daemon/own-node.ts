import type { Config } from '../config/config.ts';
import type { Logger } from '../log.ts';
import { startManaged } from '../peer/managed.ts';

interface Parts {
  readonly log: Logger;
  /** Of the machine's tailscaled. */
  readonly socket: string;
  readonly signal: AbortSignal;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * The socket of the tailscaled whose node we are: the machine's, or our own, which is started now and ends with
 * `undo`. To be called once the state directory is locked, as that tailscaled lives in it.
 * @throws TailscaledError | LocalApiError
 */
export async function openNode(
  { tailscaled: { managed }, stateDirectory, upstream }: Config,
  { log, socket, signal, env = {} }: Parts,
  undo: AsyncDisposableStack,
): Promise<string> {
  if (managed === undefined) return socket;
  const own = await startManaged(managed, {
    stateDirectory,
    env,
    log,
    signal,
    showLog: upstream.debugTailscaled,
  });
  undo.defer(() => own.stop());
  return own.socket;
}
