import { resolve } from 'node:path';
import { systemClock } from '../clock.ts';
import { type Config, loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { existingIn, importState } from '../takeover/import.ts';
import { type Plan, planImport } from '../takeover/plan.ts';
import { reportOf, requireWhole } from '../takeover/report.ts';
import { TakeoverError } from '../takeover/takeover-error.ts';
import { readTsidpState, type TsidpState } from '../takeover/tsidp-state.ts';
import { withExistingStore, withStore } from './client-store.ts';
import { CommandError, defineCommand } from './command.ts';
import { printable } from './print.ts';

export const importTsidp = defineCommand({
  name: 'import',
  usage: 'DIRECTORY [--dry-run] [--skip-invalid]',
  summary:
    'take over the key and the clients of a tsidp from its state directory, which is left unchanged',
  positionals: 1,
  flags: {
    ...configFlags,
    'dry-run': { type: 'boolean', help: 'say what would be done, and do nothing' },
    'skip-invalid': { type: 'boolean', help: "leave out clients that can't be taken over" },
  },
  async act(flags, io) {
    const config = loadConfigWith(flags, io.env);
    const directory = resolve(flags.positionals[0] ?? '');
    const isDry = flags.switches.has('dry-run');
    try {
      const state = readTsidpState(directory);
      if (!state) {
        throw new CommandError(
          `${directory} holds neither oidc-key.json nor oidc-funnel-clients.json: name the state directory of tsidp (its -dir)`,
        );
      }
      if (!flags.switches.has('skip-invalid')) requireWhole(state);
      const plan = isDry ? await planOnly(config, state) : await doImport(config, state);
      io.out(asText(state, plan, isDry));
    } catch (error) {
      if (!(error instanceof TakeoverError)) throw error;
      throw new CommandError(printLines(error.message), { cause: error });
    }
  },
});

const planOnly = (config: Config, state: TsidpState): Promise<Plan> =>
  withExistingStore(config, async (store) => planImport(state, await existingIn(store)));

const doImport = (config: Config, state: TsidpState): Promise<Plan> =>
  withStore(config, (store) => importState(state, { store, clock: systemClock, by: 'cli' }));

const printLines = (text: string): string => text.split('\n').map(printable).join('\n');

const asText = (state: TsidpState, plan: Plan, isDry: boolean): string => {
  const { done, notes } = reportOf(state, plan, isDry ? 'will' : 'did');
  const first = done.length > 0 ? [] : ['nothing new: all of it was taken over before'];
  const last = isDry
    ? ['nothing was done: this was a dry run']
    : ["tsidp's files were left as they are"];
  const key =
    plan.key === 'new' && !isDry
      ? ['a running tsidp signs with the key from its next start on']
      : [];
  return [...done, ...first, ...notes, ...key, ...last]
    .map((line) => `${printable(line)}\n`)
    .join('');
};
