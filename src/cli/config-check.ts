import { type Config, loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { crossWarnings, summaryOf } from '../config/summary.ts';
import { defineCommand } from './command.ts';
import { printable, printJson } from './print.ts';

export const configCheck = defineCommand({
  name: 'config check',
  usage: '[--config FILE]',
  summary:
    'check the configuration and print the result with secrets masked; a summary and warnings go to standard error',
  positionals: 0,
  flags: configFlags,
  async act(flags, io) {
    const config = loadConfigWith(flags, io.env);
    const warnings = [...config.warnings, ...crossWarnings(config)];
    io.out(printJson({ ...maskSecrets(config), warnings }));
    const lines = [summaryOf(config), ...warnings.map((text) => `warning: ${text}`)];
    io.err(lines.map((line) => `${printable(line)}\n`).join(''));
  },
});

const hidden = '(set, not shown)';

const masked = <Holder extends object, Name extends keyof Holder>(
  holder: Holder,
  name: Name,
): unknown => (holder[name] === undefined ? holder : { ...holder, [name]: hidden });

const maskSecrets = (config: Config): object => ({
  ...config,
  tailscaled: {
    ...config.tailscaled,
    managed: config.tailscaled.managed && masked(config.tailscaled.managed, 'authKey'),
  },
  upstream: masked(config.upstream, 'authKey'),
  metadataDocuments: {
    ...config.metadataDocuments,
    pinned: [...config.metadataDocuments.pinned.keys()],
  },
  clients: config.clients.map((client) => masked(client, 'secret')),
});
