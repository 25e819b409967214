import { join } from 'node:path';
import { TailscaledError } from './tailscaled-error.ts';

/** A Unix socket's address has room for so many bytes (Linux 107, macOS 103), its end included. */
const socketPathBytes = 103;

export interface TailscaledCommand {
  readonly socket: string;
  readonly args: readonly string[];
}

/**
 * How we run it: without a TUN device, hence without root, and with everything it keeps in our own state directory,
 * which nobody else may enter. Its `tailscaled.state` there is also tsidp's, so the node stays the same one.
 * @param extra go last, and so win over ours
 * @throws TailscaledError
 */
export function tailscaledCommand(
  stateDirectory: string,
  extra: readonly string[],
): TailscaledCommand {
  const socket = join(stateDirectory, 'tailscaled.sock');
  if (Buffer.byteLength(socket) > socketPathBytes) {
    throw new TailscaledError(
      `${socket} is too long a name for a socket (at most ${socketPathBytes} bytes): choose a shorter state directory`,
    );
  }
  const args = [
    '--tun=userspace-networking',
    `--statedir=${stateDirectory}`,
    `--socket=${socket}`,
    // any free port: a tailscaled of the machine itself may have the usual one
    '--port=0',
    ...extra,
  ];
  return { socket, args };
}

/** What programs in general and tailscaled in particular are configured with; never our secrets. */
const passed =
  /^(?:PATH|HOME|USER|LOGNAME|TZ|LANG|LC_\w+|TMPDIR|SSL_CERT_(?:FILE|DIR)|(?:https?|no|all)_proxy|TS_(?:NO_LOGS_NO_SUPPORT|DEBUG_\w+|DISABLE_\w+|ASSUME_\w+|PANIC_\w+|PERMIT_CERT_UID|LOGS_DIR))$/iu;

/** The part of our environment that tailscaled may see. */
export function tailscaledEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const pairs = Object.entries(env).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && passed.test(pair[0]),
  );
  return Object.fromEntries(pairs);
}
