import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { toRow } from '../../src/audit/chain/row.ts';
import { loadConfig } from '../../src/config/config.ts';

const page = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');

test('the configuration of docs/audit.md loads, and shows the defaults but for the sink', () => {
  const [, block = ''] = /^```jsonc\n(.*?)^```$/msu.exec(page) ?? [];
  const load = (text: string) =>
    loadConfig({
      argv: ['--config', '/etc/tsidp/tsidp.jsonc', '--dir', '/state'],
      env: {},
      readFile: () => text,
    }).audit;
  expect({ ...load(block), sink: 'none' }).toEqual(load('{}'));
  expect(load(block).sink).toEqual({ file: '/var/log/tsidp/audit.log' });
  expect(load('{"audit":{"sink":{"file":"a.log"}}}').sink).toEqual({ file: '/etc/tsidp/a.log' });
});

test('docs/audit.md names the columns in the order in which they are hashed', () => {
  const [, list = ''] = /^ {4}\[writer, (.*)\]$/mu.exec(page) ?? [];
  const order = list.split(', ');
  expect(order.toSorted()).toEqual(Object.keys(toRow(1, { at: 1, event: 'start' })).toSorted());
});
