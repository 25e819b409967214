import { readFileSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { geteuid } from 'node:process';
import { parseDocument, valueAt } from '../schema/document.ts';
import { type Finding, ok, problem } from './finding.ts';

const othersWrite = 0o022;
const othersAny = 0o077;

export interface PrivateFile {
  readonly path: string;
  /** In words: `the configuration file`. */
  readonly what: string;
  /** Nobody else may even read it. */
  readonly secret: boolean;
}

/** The configuration file, which holds secrets where clients have them inline, and the files of secrets that it names. */
export function configurationFiles(path: string): PrivateFile[] {
  const clients = valueAt(parseDocument(readFileSync(path, 'utf8')).value, ['clients']);
  const list = Array.isArray(clients) ? clients : [];
  const secretFiles = list.flatMap((client) => {
    const file = valueAt(client, ['secretFile']);
    const what = `the secret of ${String(valueAt(client, ['id']))} in`;
    return typeof file === 'string'
      ? [{ path: resolve(dirname(path), file), what, secret: true }]
      : [];
  });
  const inline = list.some((client) => valueAt(client, ['secret']) !== undefined);
  return [{ path, what: 'the configuration file', secret: inline }, ...secretFiles];
}

/** Who else may read or change what must be the daemon's own. What does not exist yet is fine. */
export function fileFindings(files: readonly PrivateFile[]): Finding[] {
  // Windows has no modes
  if (geteuid === undefined) return [];
  const found = files.flatMap((file) => {
    const stats = statsOf(file.path);
    return stats ? modeProblem(file, stats) : [];
  });
  return found.length > 0 ? found : [ok('files', 'only their owner may change them')];
}

/** What we may not look at is told where it is needed: the state, a secret. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function modeProblem({ path, what, secret }: PrivateFile, stats: Stats): Finding[] {
  const mode = stats.mode & 0o777;
  const tooMuch = mode & (secret ? othersAny : othersWrite);
  if (tooMuch === 0) return [];
  const may = tooMuch & othersWrite ? 'change' : 'read';
  const wanted = stats.isDirectory() ? 0o700 : secret ? 0o600 : mode & ~othersWrite;
  return [
    problem(
      'files',
      `others may ${may} ${what} ${path} (mode ${mode.toString(8)})`,
      `chmod ${wanted.toString(8)} ${path}${may === 'change' ? ', after a look at what is in it' : ''}`,
    ),
  ];
}
