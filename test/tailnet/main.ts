import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { env, execPath, exit, platform } from 'node:process';

/**
 * `npm run test:tailnet`: logins on a real tailnet, made of the `headscale`, `tailscaled` and `tailscale` on PATH, in a
 * network namespace of its own with nothing but loopback in it. Where those can't be had it says so and ends well:
 * then nothing was tested.
 */

const isOnPath = (name: string): boolean =>
  (env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** A network of their own for all; and, where it can be had, process numbers: then nothing outlives the runner. */
const kinds = [
  ['--map-root-user', '--net', '--fork', '--kill-child', '--pid', '--mount-proc'],
  ['--map-root-user', '--net', '--fork', '--kill-child'],
];
const inside = 'ip link set lo up && exec "$@"';

const tried = (flags: readonly string[]) =>
  spawnSync('unshare', [...flags, 'sh', '-c', inside, 'sh', 'true']);

function missing(): string | undefined {
  if (platform !== 'linux') return `network namespaces are Linux's, and this is ${platform}`;
  const programs = ['headscale', 'tailscaled', 'tailscale', 'unshare', 'ip'];
  const absent = programs.filter((name) => !isOnPath(name));
  if (absent.length > 0) return `not on PATH: ${absent.join(', ')}`;
  if (kinds.some((flags) => tried(flags).status === 0)) return undefined;
  const said = String(tried(kinds.at(-1) ?? []).stderr).trim();
  return `this user may not make a network namespace: ${said}`;
}

const reason = missing();
if (reason !== undefined) {
  console.log(`test:tailnet DID NOT RUN, so nothing was tested on a real tailnet: ${reason}`);
  exit(0);
}

const vitest = new URL('../../node_modules/vitest/vitest.mjs', import.meta.url).pathname;
const namespaces = kinds.find((flags) => tried(flags).status === 0) ?? [];
// root in the namespace is this user outside
const { status } = spawnSync(
  'unshare',
  [
    ...[...namespaces, 'sh', '-c', inside, 'sh'],
    ...[execPath, vitest, 'run', '--config', 'vitest.tailnet.config.ts'],
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', cwd: new URL('../..', import.meta.url).pathname },
);
exit(status ?? 1);
