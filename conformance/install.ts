import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What only the conformance run and the runs of other people's clients need, kept out of the project's own `npm ci`. */

const folder = import.meta.dirname;

/** Of the virtual environment that `installPython` makes. */
export const python = join(folder, '.venv', 'bin', 'python');

/** Where a package of `package.json` here was installed. */
export const packageFolder = (name: string): string => join(folder, 'node_modules', name);

/** `npm ci` here, unless the lockfile is the one that was installed. No package's scripts are run. @throws Error */
export function installPackages(): void {
  once('node_modules', 'package-lock.json', () => {
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder]);
  });
}

/** A virtual environment with what `requirements.txt` lists, each file by its hash, unless it is there. @throws Error */
export function installPython(): void {
  once('.venv', 'requirements.txt', () => {
    rmSync(join(folder, '.venv'), { recursive: true, force: true });
    run('python3', ['-m', 'venv', join(folder, '.venv')]);
    const list = join(folder, 'requirements.txt');
    const options = ['--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
    run(python, ['-m', 'pip', 'install', ...options, '--require-hashes', '-r', list]);
  });
}

function once(installed: string, list: string, install: () => void): void {
  const mark = join(folder, installed, '.installed');
  const wanted = createHash('sha256')
    .update(readFileSync(join(folder, list)))
    .digest('hex');
  if (read(mark) === wanted) return;
  install();
  writeFileSync(mark, wanted);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function run(command: string, args: readonly string[]): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 240_000,
  });
  if (status === 0) return;
  const said = `${stdout ?? ''}${stderr ?? ''}`.trim();
  throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? said}`, {
    cause: error,
  });
}
