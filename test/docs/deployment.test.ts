import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Configurations that a page shows: blocks of JSON with comments that are no tailnet policy. */
const shown = (page: string): string[] =>
  [...read(page).matchAll(/^ *```jsonc\n(.*?)^ *```$/gmsu)]
    .map(([, block = '']) => block)
    .filter((block) => !block.includes('"tagOwners"'));

const pages = ['docs/deployment.md', 'docs/headscale.md'];

test.each(
  pages.flatMap((page) => shown(page).map((block, index) => [page, index, block] as const)),
)('%s, configuration %i loads', (_page, _index, block) => {
  const config = loadConfig({
    argv: ['--config', '/etc/tsidp/tsidp.jsonc', '--dir', '/state'],
    env: {},
    readFile: () => block,
  });
  const isTrusting = block.includes('"trustedProxies"');
  expect(config.warnings).toHaveLength(isTrusting ? 1 : 0);
});

test('the pages show some', () => {
  expect(pages.map((page) => shown(page).length)).toEqual([3, 3]);
});

test('the unit, the images and the page agree on where things are', () => {
  const unit = read('deploy/systemd/tsidp.service');
  expect(unit).toContain('ExecStart=/usr/local/bin/tsidp --config /etc/tsidp/tsidp.jsonc');
  expect(unit).toContain('StateDirectory=tsidp\nStateDirectoryMode=0700');
  const image = read('deploy/Dockerfile');
  expect(image).toMatch(/TS_STATE_DIR=\/data/u);
  expect(image).toMatch(/USER 1001:1001\nVOLUME \/data/u);
  expect(image).toMatch(/HEALTHCHECK .* CMD \["tsidp", "health"\]/u);
  for (const name of ['sidecar', 'host-socket']) {
    expect(read(`deploy/compose/${name}.yaml`)).toMatch(/TS_PERMIT_CERT_UID(?:=|: ")1001/u);
  }
});
