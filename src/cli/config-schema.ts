import { configJsonSchema } from '../config/json-schema.ts';
import { defineCommand } from './command.ts';

export const configSchema = defineCommand({
  name: 'config-schema',
  usage: '',
  summary: 'print the JSON Schema of the configuration file, for editors',
  positionals: 0,
  flags: {},
  async act(_, io) {
    io.out(configJsonSchema());
  },
});
