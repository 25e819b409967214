import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Edge,
  filesBelow,
  foldersOf,
  importRules,
  importsBelow,
  mayImport,
  placeOf,
  readHouse,
} from '../../lint/storeys.ts';

const project = join(import.meta.dirname, '../..');
const source = join(project, 'src');
const house = readHouse();
const folders = foldersOf(house);

describe('the list of storeys', () => {
  it('has every folder of src/, and every file that stands there alone', () => {
    const missing = filesBelow(source).filter((file) => placeOf(house, file) === undefined);
    expect(missing).toEqual([]);
  });

  it('names nothing twice, and nothing that is not there', () => {
    const used = new Set(filesBelow(source).map((file) => placeOf(house, file)));
    expect(folders.filter((folder) => !used.has(folder))).toEqual([]);
    expect(new Set(folders).size).toBe(folders.length);
  });

  it('is what the linter has: npm run lint:storeys', () => {
    const written = JSON.parse(readFileSync(join(project, 'lint/imports.json'), 'utf8'));
    expect(written).toEqual(importRules(house));
  });
});

describe('the store', () => {
  it('knows no oidc-provider: outcomes are turned into its errors elsewhere', () => {
    const files = filesBelow(join(source, 'store')).filter((file) =>
      /from 'oidc-provider/.test(readFileSync(join(source, 'store', file), 'utf8')),
    );
    expect(files).toEqual([]);
  });
});

describe('imports of src/', () => {
  const edges = importsBelow(source);

  it('never run up, those of types included', () => {
    const up = edges.filter(({ from, to }) => {
      const [above, below] = [placeOf(house, from), placeOf(house, to)];
      return above === undefined || below === undefined || !mayImport(house, above, below);
    });
    expect(up).toEqual([]);
  });

  it('make no circle among folders', () => {
    expect(circle(edges)).toBeUndefined();
  });

  it('would be seen in a circle', () => {
    const back = edges.map(({ from, to }) => ({ from: to, to: from }));
    expect(circle([...edges, ...back])).toBeDefined();
  });
});

/** A folder that is reached from itself through another; undefined when there is none. */
function circle(edges: readonly Edge[]): string | undefined {
  const next = new Map<string, Set<string>>();
  for (const edge of edges) {
    const [from, to] = [placeOf(house, edge.from), placeOf(house, edge.to)];
    if (from === undefined || to === undefined || from === to) continue;
    next.set(from, (next.get(from) ?? new Set()).add(to));
  }
  const reached = (start: string): Set<string> => {
    const seen = new Set<string>();
    const waiting = [...(next.get(start) ?? [])];
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      if (seen.has(one)) continue;
      seen.add(one);
      waiting.push(...(next.get(one) ?? []));
    }
    return seen;
  };
  return [...next.keys()].find((start) => reached(start).has(start));
}

describe('the linter', () => {
  let refused: ReadonlySet<string>;
  beforeAll(async () => {
    refused = await plantAndLint();
  }, 120_000);

  it.each(folders)('refuses in %s what it must not know, types too, and nothing else', (from) => {
    const others = folders.filter((to) => to !== from);
    const found = others.filter((to) => refused.has(`${from} ${to} value`));
    expect(found).toEqual(others.filter((to) => !mayImport(house, from, to)));
    expect(others.filter((to) => refused.has(`${from} ${to} type`))).toEqual(found);
  });
});

/** In a tree of its own, a file in each place that imports a value and a type of every other place. */
async function plantAndLint(): Promise<ReadonlySet<string>> {
  const tree = realpathSync(mkdtempSync(join(tmpdir(), 'tsidp-storeys-')));
  try {
    for (const name of ['biome.json', 'lint/imports.json']) {
      mkdirSync(dirname(join(tree, name)), { recursive: true });
      cpSync(join(project, name), join(tree, name));
    }
    const planted = new Map(folders.map((from) => [fileIn(from), importsIn(from)]));
    for (const [file, lines] of planted) {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      writeFileSync(join(tree, file), lines.map(({ text }) => text).join('\n'));
    }
    const found = (await lint(tree)).matchAll(/noRestrictedImports,file=([^,]+),line=(\d+)/g);
    return new Set(
      [...found].map(([, file = '', line]) => {
        return planted.get(relative(tree, file))?.[Number(line) - 1]?.what ?? file;
      }),
    );
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

function fileIn(folder: string): string {
  return folder.endsWith('.ts') ? `src/${folder}` : `src/${folder}/planted.ts`;
}

function importsIn(from: string): readonly { readonly what: string; readonly text: string }[] {
  return folders
    .filter((to) => to !== from)
    .flatMap((to) => {
      const path = posix.relative(dirname(fileIn(from)), fileIn(to));
      const named = path.startsWith('.') ? path : `./${path}`;
      return [
        { what: `${from} ${to} value`, text: `import { a } from '${named}';` },
        { what: `${from} ${to} type`, text: `import type { A } from '${named}';` },
      ];
    });
}

/** What biome prints of the rule, whatever its exit code. */
function lint(tree: string): Promise<string> {
  const biome = join(project, 'node_modules/.bin/biome');
  const rule = ['--only=style/noRestrictedImports', '--max-diagnostics=none', '--reporter=github'];
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile(biome, ['lint', ...rule], { cwd: tree, maxBuffer: 2 ** 26 }, (_, stdout) => {
    resolve(stdout);
  });
  return promise;
}
