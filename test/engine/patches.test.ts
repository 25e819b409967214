import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { patches } from '../../src/engine/patches.ts';

const project = join(import.meta.dirname, '../..');
const names = patches.map(({ name }) => name);
const sources = readdirSync(join(project, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  .map((file) => ({ file, text: readFileSync(join(project, 'src', file), 'utf8') }));
const page = readFileSync(join(project, 'docs/engine.md'), 'utf8');
const sections = page.split(/^### /mu).slice(1);

describe('the list of patches', () => {
  it('has every function of the source that is called one, once', () => {
    const patching = sources.flatMap(({ text }) =>
      [...text.matchAll(/^export (?:async )?function (patch[A-Z]\w*)/gmu)].map(([, name]) => name),
    );
    expect(names.toSorted()).toEqual(
      patching.filter((name) => name !== 'patchProvider').toSorted(),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it('is all that touches what oidc-provider keeps to itself', () => {
    const touching = sources.filter(
      ({ file, text }) =>
        /['"]oidc-provider['"]/u.test(text) &&
        /\bIN_PAYLOAD\b|\.prototype\b|\{ prototype \}|\bweak_cache\b|\.middleware = /u.test(text) &&
        !/^export function patch[A-Z]/mu.test(text) &&
        file !== 'engine/patches.ts',
    );
    expect(touching.map(({ file }) => file)).toEqual([]);
  });

  it('is in src/engine/ as a whole', () => {
    const patching = sources.filter(({ text }) => /^export function patch[A-Z]/mu.test(text));
    expect(patching.filter(({ file }) => !file.startsWith('engine/'))).toEqual([]);
  });
});

describe('docs/engine.md', () => {
  it('has a section for each patch, in the same order', () => {
    expect(sections.map((section) => section.split('\n', 1)[0])).toEqual(names);
  });

  it.each(names)('says of %s where it is, what upstream would need and what shows it', (name) => {
    const section = sections.find((one) => one.startsWith(`${name}\n`)) ?? '';
    const [, file = ''] = /^`([\w-]+\.ts)`/mu.exec(section) ?? [];
    const source = sources.find((one) => one.file === `engine/${file}`);
    expect(source?.text).toContain(`export function ${name}(`);
    expect(section).toMatch(/^Upstream: \S/mu);
    const tests = /^Tests: (.*)$/mu.exec(section)?.[1] ?? '';
    const paths = [...tests.matchAll(/`(test\/[\w./-]+)`/gu)].map(([, path = '']) => path);
    expect(paths).not.toEqual([]);
    for (const path of paths) expect(() => readdirOrRead(join(project, path))).not.toThrow();
  });
});

function readdirOrRead(path: string): unknown {
  return path.endsWith('.ts') ? readFileSync(path) : readdirSync(path);
}
