import { delimiter, isAbsolute, join } from 'node:path';
import { TailscaledError } from './tailscaled-error.ts';

/** Where packages put it that a service's short PATH leaves out. */
const usualPlaces = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/bin',
  '/opt/homebrew/bin',
];

export interface TailscaledSearch {
  /** From the configuration. */
  readonly explicit: string | undefined;
  /** `$PATH` */
  readonly path: string | undefined;
  readonly isExecutable: (file: string) => boolean;
}

/**
 * The tailscaled to run: the configured one, else the first on PATH, else in a usual place. Relative entries of PATH
 * don't count: what is run must not depend on where we were started.
 * @throws TailscaledError with the remedy
 */
export function findTailscaled({ explicit, path, isExecutable }: TailscaledSearch): string {
  if (explicit !== undefined) {
    if (isExecutable(explicit)) return explicit;
    throw new TailscaledError(
      `${explicit} (tailscaled.path) is not a program that we may run: correct the path, or remove it to have tailscaled looked for`,
    );
  }
  const directories = [...(path ?? '').split(delimiter).filter(isAbsolute), ...usualPlaces];
  const found = directories.map((one) => join(one, 'tailscaled')).find(isExecutable);
  if (found !== undefined) return found;
  throw new TailscaledError(
    'tailscaled is not on this machine, and tailscaled.managed has tsidp run one: install Tailscale (https://tailscale.com/download), name the program in tailscaled.path, or use a tailscaled that runs already (tailscaled.managed: false, -use-local-tailscaled)',
  );
}
