import { readFileSync } from 'node:fs';
import { valueAt } from '../schema/document.ts';
import { defineCommand } from './command.ts';

export const version = defineCommand({
  name: 'version',
  usage: '',
  summary: 'print the version',
  positionals: 0,
  flags: {},
  async act(_, io) {
    // Read, not imported, so that it is found from `src/cli` and from `dist/cli` alike.
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    io.out(`tsidp ${valueAt(JSON.parse(text), ['version'])}\n`);
  },
});
