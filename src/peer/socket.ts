/** Where tailscaled's socket is on each platform, most usual place first. */
const candidates: Readonly<Record<string, readonly string[]>> = {
  linux: [
    '/var/run/tailscale/tailscaled.sock',
    '/var/packages/Tailscale/var/tailscaled.sock', // Synology
  ],
  darwin: ['/var/run/tailscaled.socket'],
  win32: ['\\\\.\\pipe\\ProtectedPrefix\\Administrators\\Tailscale\\tailscaled'],
};

/**
 * QNAP's place lies in a directory that everybody may write to: elsewhere a local user could wait there with a
 * tailscaled of his own and name whom he likes. So it counts only where QNAP's own file says that this is one.
 */
const qnap = { marker: '/etc/config/uLinux.conf', socket: '/tmp/tailscale/tailscaled.sock' };

export interface SocketSearch {
  /** `process.platform` */
  readonly platform: string;
  /** From the configuration or a flag. */
  readonly explicit: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exists: (path: string) => boolean;
}

/**
 * The socket to use: named explicitly, else by `TSIDP_TAILSCALED_SOCKET` or `TS_SOCKET`, else the platform's first
 * place that exists, else its most usual one (tailscaled may start later than we).
 */
export function findSocket({ platform, explicit, env, exists }: SocketSearch): string {
  const named = explicit || env['TSIDP_TAILSCALED_SOCKET'] || env['TS_SOCKET'];
  if (named) return named;
  const isQnap = platform === 'linux' && exists(qnap.marker);
  const places = isQnap ? [qnap.socket] : (candidates[platform] ?? candidates['linux'] ?? []);
  return places.find(exists) ?? places[0] ?? '/var/run/tailscale/tailscaled.sock';
}

const usual: ReadonlySet<string> = new Set([...Object.values(candidates).flat(), qnap.socket]);

/** The command line tool as it speaks to the tailscaled of this socket, and to no other one of this machine. */
export function tailscaleCli(socket: string): string {
  if (usual.has(socket)) return 'tailscale';
  return `tailscale --socket=${/\s/u.test(socket) ? `'${socket}'` : socket}`;
}
