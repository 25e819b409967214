import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const project = join(import.meta.dirname, '../..');
const top = readdirSync(project, { withFileTypes: true })
  .filter(({ name }) => !['node_modules', '.git', 'dist'].includes(name))
  .flatMap((entry) => {
    if (!entry.isDirectory()) return [entry.name];
    const below = readdirSync(join(project, entry.name), { recursive: true, withFileTypes: true });
    return below.map(({ parentPath, name }) => join(parentPath, name).slice(project.length + 1));
  });

/** Whole parts of a path, from wherever in the tree: `peer/serve.ts`, `src/flows/`. */
const isThere = (named: string): boolean =>
  named.endsWith('/')
    ? top.some((path) => `/${path}/`.includes(`/${named}`))
    : top.some((path) => `/${path}`.endsWith(`/${named}`));

/** Files of the tree and folders, as prose names them. */
const pathsIn = (text: string): string[] =>
  [...text.matchAll(/`([\w.-]+(?:\/[\w.-]+)*(?:\.(?:ts|sql|md|json)|\/))`/gu)].map(
    ([, path = '']) => path,
  );

const read = (page: string): string => readFileSync(join(project, page), 'utf8');

test.each(['CONTRIBUTING.md', 'docs/design.md'])('%s names no path that is gone', (page) => {
  const named = pathsIn(read(page));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => path !== 'dist/' && !isThere(path))).toEqual([]);
});

test('CONTRIBUTING.md and README.md name only scripts that are there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = ['CONTRIBUTING.md', 'README.md'].flatMap((page) =>
    [...read(page).matchAll(/npm run (?:-s )?([\w:]+)/gu)].map(([, script = '']) => script),
  );
  expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
});
