import { configFlags } from '../config/flags.ts';
import { type Config, loadConfigWith } from '../config.ts';
import { defineCommand } from './command.ts';
import { printJson } from './print.ts';

export const configCheck = defineCommand({
  name: 'config check',
  usage: '[--config FILE]',
  summary: 'check the configuration and print what it comes to, secrets masked',
  positionals: 0,
  flags: configFlags,
  async act(flags, io) {
    io.out(printJson(maskSecrets(loadConfigWith(flags, io.env))));
  },
});

const hidden = '(set, not shown)';

const maskSecrets = (config: Config): unknown => ({
  ...config,
  upstream: {
    ...config.upstream,
    ...(config.upstream.authKey === undefined ? {} : { authKey: hidden }),
  },
  clients: config.clients.map((client) => ({
    ...client,
    ...(client.secret === undefined ? {} : { secret: hidden }),
  })),
});
