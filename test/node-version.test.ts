import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { refuseOldNode } from '../src/node-version.ts';

test.each(['v18.19.0', 'v20.20.2', 'v22.12.0', 'v23.11.1'])(
  '%s is told what is needed',
  (version) => {
    expect(refuseOldNode(version, '/usr/bin/node')).toMatch(
      new RegExp(`^needs Node 24 or newer, and /usr/bin/node is ${version}: install`),
    );
  },
);

test.each(['v24.0.0', 'v24.21.0', 'v26.1.0', process.version])('%s runs', (version) => {
  expect(refuseOldNode(version, '')).toBeUndefined();
});

test('is asked before anything that an old one could not read', () => {
  const { bin, engines } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect([bin, engines]).toEqual([{ tsidp: './dist/tsidp.js' }, { node: '>=24' }]);
  const entry = readFileSync('src/tsidp.ts', 'utf8');
  const imported = [...entry.matchAll(/^import .* from '(.*)';$/gm)].map(([, from]) => from);
  expect(imported).toEqual(['node:process', './node-version.ts']);
  expect(readFileSync('src/node-version.ts', 'utf8')).not.toContain('import');
});
