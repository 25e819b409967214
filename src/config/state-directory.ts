import { isAbsolute, join } from 'node:path';
import { geteuid } from 'node:process';
import { type Environment, variable } from './overrides.ts';

/**
 * Where state lives when nobody says: `/var/lib/tsidp` for root, otherwise by the XDG base directory specification.
 * Undefined when the environment names no home directory either.
 */
export const defaultStateDirectory = (
  env: Environment,
  userId: number | undefined = geteuid?.(),
): string | undefined => {
  if (userId === 0) return '/var/lib/tsidp';
  const stateHome = variable(env, 'XDG_STATE_HOME');
  // Relative paths in it are to be ignored, says that specification.
  if (stateHome !== undefined && isAbsolute(stateHome)) return join(stateHome, 'tsidp');
  const home = variable(env, 'HOME');
  return home === undefined ? undefined : join(home, '.local/state/tsidp');
};

/** The state directory as given, relative paths included; undefined when there is none to be had. */
export const stateDirectoryOf = (given: unknown, env: Environment): string | undefined =>
  typeof given === 'string' && given !== '' ? given : defaultStateDirectory(env);

export const noStateDirectory =
  'stateDirectory: is missing, and there is no $HOME to put it into: set TSIDP_STATE_DIR, --dir or stateDirectory';
