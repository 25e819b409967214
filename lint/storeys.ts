import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

/** `lint/storeys.json`: the folders of `src/` from the top down, and files that stand there alone. */
export interface House {
  /**
   * A folder imports what stands below it, and of its own storey what stands after it. In a storey of `strangers` no
   * folder knows another.
   */
  readonly storeys: readonly {
    readonly is: string;
    readonly folders: readonly string[];
    readonly strangers?: boolean;
  }[];
  /** Outside of that order, with all that they know and that knows them. */
  readonly apart: readonly {
    readonly is: string;
    readonly folder: string;
    readonly knows: readonly string[];
    readonly knownTo: readonly string[];
  }[];
}

export function readHouse(): House {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'storeys.json'), 'utf8'));
}

/** Every folder that has a place, from the top down. */
export function foldersOf({ storeys, apart }: House): readonly string[] {
  return [...storeys.flatMap(({ folders }) => folders), ...apart.map(({ folder }) => folder)];
}

/** Whether files of one folder may import those of another, types included. */
export function mayImport({ storeys, apart }: House, from: string, to: string): boolean {
  if (from === to) return true;
  const own = apart.find(({ folder }) => folder === from);
  if (own) return own.knows.includes(to);
  const other = apart.find(({ folder }) => folder === to);
  if (other) return other.knownTo.includes(from);
  const above = storeys.findIndex(({ folders }) => folders.includes(from));
  const below = storeys.findIndex(({ folders }) => folders.includes(to));
  if (above === -1 || below === -1) return false;
  if (above !== below) return above < below;
  const storey = storeys[above];
  if (storey === undefined || storey.strangers) return false;
  return storey.folders.indexOf(from) < storey.folders.indexOf(to);
}

const isFile = (folder: string): boolean => folder.endsWith('.ts');

/**
 * biome's `noRestrictedImports` for each folder: everything that it may not import. Of a folder only the files that
 * lie in it directly count, as its own folders have places of their own.
 */
export function importRules(house: House): object {
  const all = foldersOf(house);
  const overrides = all.map((from) => {
    const group = all
      .filter((to) => !mayImport(house, from, to))
      .map((to) => importPattern(isFile(from) ? '.' : from, to));
    return {
      includes: [isFile(from) ? `src/${from}` : `src/${from}/*`],
      linter: {
        rules: {
          style: {
            noRestrictedImports: {
              level: 'error',
              options: {
                patterns: [
                  { group, message: `${from} does not know this storey: see lint/storeys.json` },
                ],
              },
            },
          },
        },
      },
    };
  });
  return { $schema: '../node_modules/@biomejs/biome/configuration_schema.json', overrides };
}

/** How files of `from` name those of `to`. */
function importPattern(from: string, to: string): string {
  const path = posix.relative(from, to);
  const named = path.startsWith('.') ? path : `./${path}`;
  return isFile(to) ? named : `${named}/*`;
}

/** An import of one file of `src/` by another, of values or types. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** Static and dynamic imports, of types as of values, and what is exported from elsewhere. */
const specifier = /\b(?:from|import)\s*\(?\s*['"](\.[^'"]*)['"]/g;

export function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replaceAll('\\', '/'))
    .sort();
}

export function importsBelow(directory: string): readonly Edge[] {
  return filesBelow(directory).flatMap((from) => {
    const text = readFileSync(join(directory, from), 'utf8');
    return [...text.matchAll(specifier)].map(([, named = '']) => ({
      from,
      to: posix.join(posix.dirname(from), named),
    }));
  });
}

/** The place of a file; undefined where its folder has none. */
export function placeOf(house: House, file: string): string | undefined {
  const folder = file.includes('/') ? dirname(file) : file;
  return foldersOf(house).find((known) => known === folder);
}
