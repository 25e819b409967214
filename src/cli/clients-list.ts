import type { ClientView } from '../clients/client-view.ts';
import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { splitMembers } from '../store/client-members.ts';
import { withClients } from './clients.ts';
import { defineCommand } from './command.ts';
import { printJson, printTable } from './print.ts';

export const clientsList = defineCommand({
  name: 'clients list',
  usage: '[--json]',
  summary: 'list the apps of the configuration file and of the database',
  positionals: 0,
  flags: { ...configFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const config = loadConfigWith(flags, io.env);
    const views = await withClients(config, (clients) => clients.list());
    if (flags.switches.has('json')) io.out(printJson(views));
    else if (views.length > 0) io.out(printTable([headings, ...views.map(toRow)]));
    else io.out('no clients yet: "tsidp clients add" adds one\n');
  },
});

const headings = ['ID', 'NAME', 'AUTHENTICATION', 'LOGIN', 'FROM', 'REDIRECT URIS'];

const toRow = (client: ClientView): string[] => {
  const { id, source, secret, authentication, shadowed, metadata, registration } = client;
  const uris = metadata['redirect_uris'];
  const { login, approved, quarantined } = splitMembers(metadata).options;
  return [
    id,
    String(metadata['client_name'] ?? ''),
    secret === 'none' ? authentication : `${authentication} (${secret})`,
    login ?? 'default',
    [
      registration?.login === undefined ? source : `${source} by ${registration.login}`,
      ...(shadowed ? ['shadowed by config'] : []),
      ...(approved ? ['approved'] : []),
      ...(quarantined ? ['quarantined'] : []),
    ].join(', '),
    Array.isArray(uris) ? uris.join(' ') : '',
  ];
};
