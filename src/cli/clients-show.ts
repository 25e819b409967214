import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { withClients } from './clients.ts';
import { defineCommand } from './command.ts';
import { printable, printJson } from './print.ts';

export const clientsShow = defineCommand({
  name: 'clients show',
  usage: 'ID [--json]',
  summary: 'show everything stored about an app, except its secret',
  positionals: 1,
  flags: { ...configFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const id = flags.positionals[0] ?? '';
    const config = loadConfigWith(flags, io.env);
    const view = await withClients(config, (clients) => clients.show(id));
    if (flags.switches.has('json')) {
      io.out(printJson(view));
      return;
    }
    const { metadata, ...rest } = view;
    const lines = Object.entries({ ...rest, ...metadata }).filter(([, value]) => value !== null);
    io.out(lines.map(([name, value]) => `${name}: ${printValue(value)}\n`).join(''));
  },
});

const printValue = (value: unknown): string =>
  printable(Array.isArray(value) ? value.join(' ') : asText(value));

const asText = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value);
