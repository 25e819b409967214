import { ruleJsonSchema } from '../policy/rule.ts';
import { defineCommand } from './command.ts';
import { printJson } from './print.ts';

export const ruleSchemaCommand = defineCommand({
  name: 'rule-schema',
  usage: '',
  summary: 'print the JSON Schema of a rule of the tailnet policy',
  positionals: 0,
  flags: {},
  async act(_, io) {
    io.out(printJson(ruleJsonSchema()));
  },
});
