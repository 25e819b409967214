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

const masked = <Holder extends object, Name extends keyof Holder>(
  holder: Holder,
  name: Name,
): unknown => (holder[name] === undefined ? holder : { ...holder, [name]: hidden });

const maskSecrets = (config: Config): unknown => ({
  ...config,
  tailscaled: {
    ...config.tailscaled,
    managed: config.tailscaled.managed && masked(config.tailscaled.managed, 'authKey'),
  },
  upstream: masked(config.upstream, 'authKey'),
  clients: config.clients.map((client) => masked(client, 'secret')),
});
