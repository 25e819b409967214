import { configFlags, type ParsedFlags } from '../config/flags.ts';
import { type Config, loadConfigWith } from '../config.ts';
import { CommandError, defineCommand, type Io, UsageError } from './command.ts';
import { type ExplainQuestion, explain, explanationText } from './explanation.ts';
import { readFileTailnet } from './file-tailnet.ts';
import { findApp } from './find-app.ts';
import { openLocalApi, readLiveTailnet } from './live-tailnet.ts';
import { printable, printJson } from './print.ts';
import type { Candidate } from './tailnet-view.ts';

/** Of a tag with many devices, the first ones tell all. */
const maxDevices = 50;

export const explainCommand = defineCommand({
  name: 'explain',
  usage:
    '--as WHO --client ID [--scope SCOPE]… [--resource URI] [--tailnet FILE [--policy FILE]] [--json]',
  summary: 'say who may enter an app and why, live or for a policy that is not deployed yet',
  positionals: 0,
  flags: {
    ...configFlags,
    as: {
      type: 'string',
      value: 'WHO',
      help: 'a login (alice@example.com), a tag (tag:ci), a tailnet address or a device',
    },
    client: { type: 'string', value: 'ID', help: 'client ID of the app' },
    scope: {
      type: 'string',
      multiple: true,
      value: 'SCOPE',
      help: 'also say whether a token may hold this scope; again for each',
    },
    resource: { type: 'string', value: 'URI', help: 'the resource that the scopes are for' },
    tailnet: {
      type: 'string',
      value: 'FILE',
      help: "ask no tailscaled: users and nodes are those of this file, in the simulator's format",
    },
    policy: {
      type: 'string',
      value: 'FILE',
      help: 'with --tailnet: the policy file (HuJSON) to try in place of its own',
    },
    json: { type: 'boolean', help: 'print JSON' },
  },
  async act(flags, io) {
    const who = needed(flags, 'as');
    const id = needed(flags, 'client');
    const config = loadConfigWith(flags, io.env);
    const app = await findApp(config, id);
    const { self, candidates } = await ask(flags, io, config, who);
    if (candidates.length === 0) {
      throw new CommandError(
        `nothing in this tailnet is called ${JSON.stringify(who)}: --as takes a login, a tag, a tailnet address or the name of a device`,
      );
    }
    const question: ExplainQuestion = {
      app,
      self,
      settings: config,
      capabilityScopes: config.capabilityScopes,
      scopes: flags.strings['scope'] ?? [],
      resource: flags.strings['resource']?.at(-1),
    };
    const explanations = candidates
      .slice(0, maxDevices)
      .map((candidate) => explain(candidate, question));
    if (flags.switches.has('json')) {
      io.out(printJson(explanations));
      return;
    }
    const texts = explanations.map((explanation) => explanationText(explanation, app));
    io.out(`${texts.join('\n\n').split('\n').map(printable).join('\n')}\n`);
    const left = candidates.length - explanations.length;
    if (left > 0) io.err(`… and ${left} more devices\n`);
  },
});

/** The devices that are meant. What a file leaves open goes to standard error: the answer is the same as live. */
async function ask(flags: ParsedFlags, io: Io, config: Config, who: string): Promise<Asked> {
  const file = flags.strings['tailnet']?.at(-1);
  const policy = flags.strings['policy']?.at(-1);
  if (file !== undefined) {
    const tailnet = await readFileTailnet(file, policy, config);
    for (const note of tailnet.notes(who)) io.err(`${printable(note)}\n`);
    return { self: tailnet.self, candidates: await tailnet.candidates(who) };
  }
  if (policy !== undefined) {
    throw new UsageError('--policy: needs --tailnet FILE, which says whose devices there are');
  }
  const api = openLocalApi(config, io);
  try {
    const live = await readLiveTailnet(api, config);
    return { self: live.self, candidates: await live.candidates(who) };
  } finally {
    api.close();
  }
}

interface Asked {
  readonly self: ExplainQuestion['self'];
  readonly candidates: readonly Candidate[];
}

function needed(flags: ParsedFlags, name: string): string {
  const value = flags.strings[name]?.at(-1);
  if (value === undefined) throw new UsageError(`--${name}: is missing`);
  return value;
}
