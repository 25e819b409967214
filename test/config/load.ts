import { type Config, ConfigError, loadConfig } from '../../src/config/config.ts';

type Env = Record<string, string>;

interface Given {
  readonly argv?: string[];
  readonly env?: Env;
  /** Files by absolute path; the configuration file is `/etc/tsidp.jsonc`. */
  readonly files?: Record<string, string>;
}

export const load = (file: unknown, { argv = [], env = {}, files = {} }: Given = {}): Config => {
  const text = typeof file === 'string' ? file : JSON.stringify(file, undefined, 2);
  const all: Record<string, string> = { '/etc/tsidp.jsonc': text, ...files };
  return loadConfig({
    argv: ['--config', '/etc/tsidp.jsonc', ...argv],
    env: { HOME: '/home/op', TSIDP_STATE_DIR: '/state', ...env },
    readFile: (path) => {
      const found = all[path];
      if (found !== undefined) return found;
      throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' });
    },
  });
};

export const problemsOf = (file: unknown, given?: Given): readonly string[] => {
  try {
    load(file, given);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

/** The least that a client must say. */
export const app = { id: 'app', redirectUris: ['https://app.example/cb'] };
