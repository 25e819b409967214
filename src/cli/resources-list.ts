import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import type { ResourceConfig } from '../config/resources-schema.ts';
import { defineCommand } from './command.ts';
import { printJson, printTable } from './print.ts';

export const resourcesList = defineCommand({
  name: 'resources list',
  usage: '[--json]',
  summary: 'list the resources of the configuration file (RFC 8707), with their scopes and tokens',
  positionals: 0,
  flags: { ...configFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const { resources } = loadConfigWith(flags, io.env);
    if (flags.switches.has('json')) io.out(printJson(resources));
    else if (resources.length > 0) io.out(printTable([headings, ...resources.map(toRow)]));
    else io.out('no resources: "resources" of the configuration file declares them\n');
  },
});

const headings = ['URI', 'NAME', 'TOKENS', 'LIFE', 'CLIENTS', 'SCOPES'];

const toRow = (resource: ResourceConfig): string[] => {
  const { uri, name = '', tokenFormat, algorithm, ttlSeconds, clients, scopes } = resource;
  const open = new Set(resource.openScopes);
  return [
    uri,
    name,
    tokenFormat === 'jwt' ? `jwt ${algorithm}` : tokenFormat,
    `${ttlSeconds} s`,
    clients.join(' ') || '-',
    Object.keys(scopes)
      .map((scope) => (open.has(scope) ? `${scope} (open)` : scope))
      .join(', '),
  ];
};
