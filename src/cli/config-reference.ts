import { configReference } from '../config/reference.ts';
import { defineCommand } from './command.ts';

export const configReferenceCommand = defineCommand({
  name: 'config-reference',
  usage: '',
  summary: 'print every member of the configuration file, as docs/configuration.md has them',
  positionals: 0,
  flags: {},
  async act(_, io) {
    io.out(configReference());
  },
});
