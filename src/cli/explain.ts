import { appOfStored } from '../access/enter.ts';
import { createResources } from '../access/resources.ts';
import { type Config, loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import type { ParsedFlags } from '../config/flags.ts';
import { CommandError, defineCommand, type Io, UsageError } from './command.ts';
import { explainEnter } from './explain-enter.ts';
import { explainExchange } from './explain-exchange.ts';
import { explainMachine } from './explain-machine.ts';
import { type Asked, questionFlags, readQuestion } from './explain-question.ts';
import { explainRegister } from './explain-register.ts';
import { type ExplainSite, type Explanation, explanationText, nameOf } from './explanation.ts';
import { readFileTailnet } from './file-tailnet.ts';
import { type FoundClient, findClient } from './find-client.ts';
import { openLocalApi, readLiveTailnet } from './live-tailnet.ts';
import { printable, printJson } from './print.ts';
import type { Candidate, TailnetView } from './tailnet-view.ts';

/** Of a tag with many devices, the first ones tell all. */
const maxDevices = 50;

export const explainCommand = defineCommand({
  name: 'explain',
  usage:
    '(--as WHO --client ID | --as WHO --register | --as WHO --machine-token | --exchange --subject WHO [--actor WHO] --resource URI) [--scope SCOPE]… [--resource URI] [--tailnet FILE [--policy FILE]] [--json]',
  summary:
    'say who may enter an app, get which scopes, register clients, get or exchange tokens, and why, live or for a policy that is not deployed yet',
  positionals: 0,
  flags: {
    ...configFlags,
    ...questionFlags,
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
    const asked = readQuestion(flags);
    const config = loadConfigWith(flags, io.env);
    const explain = await prepare(asked, flags, config);
    const names = asked === 'exchange' ? ['subject', 'actor'] : ['as'];
    const { self, found } = await withTailnet(flags, io, config, async (view) => {
      const lists = names.map((name) => devicesOf(view, name, flags));
      return { self: view.self, found: await Promise.all(lists) };
    });
    const site: ExplainSite = { config, resources: createResources(config.resources), self };
    const combinations = found.reduce<readonly (readonly Candidate[])[]>(
      (rows, devices) =>
        // nobody need act
        devices ? rows.flatMap((row) => devices.map((device) => [...row, device])) : rows,
      [[]],
    );
    const answers = combinations.slice(0, maxDevices).map((devices) => explain(devices, site));
    if (flags.switches.has('json')) {
      io.out(printJson(answers.map(({ explanation }) => explanation)));
      return;
    }
    const texts = answers.map(({ explanation, what }) => explanationText(explanation, what));
    io.out(`${texts.join('\n\n').split('\n').map(printable).join('\n')}\n`);
    const left = combinations.length - answers.length;
    if (left > 0) io.err(`… and ${left} more devices\n`);
  },
});

interface Answer {
  readonly explanation: Explanation;
  /** That is allowed or not, in words. */
  readonly what: string;
}

/** Devices in the order of the question: the one that asks; the subject and, if one is named, the actor. */
type Explain = (devices: readonly Candidate[], site: ExplainSite) => Answer;

/** Looks up the client, before anybody asks tailscaled. */
async function prepare(asked: Asked, flags: ParsedFlags, config: Config): Promise<Explain> {
  const id = flags.strings['client']?.at(-1);
  const client = id === undefined ? undefined : await findClient(config, id);
  const resource = flags.strings['resource']?.at(-1);
  const question = { client, resource, scopes: flags.strings['scope'] ?? [] };
  return ([first, second], site) => {
    if (!first) throw new Error('a question about nobody');
    return explainers[asked]({ first, second }, question, site);
  };
}

interface Question {
  readonly client: FoundClient | undefined;
  readonly resource: string | undefined;
  readonly scopes: readonly string[];
}

interface Devices {
  readonly first: Candidate;
  readonly second: Candidate | undefined;
}

type Explainer = (devices: Devices, question: Question, site: ExplainSite) => Answer;

const explainers: Readonly<Record<Asked, Explainer>> = {
  register: ({ first }, _, site) => ({
    explanation: explainRegister(first, site),
    what: 'register clients',
  }),
  'machine-token': ({ first }, question, site) => {
    const at = question.resource === undefined ? '' : ` for ${question.resource}`;
    const what = `get a token${at} by its connection`;
    return { explanation: explainMachine(first, question, site), what };
  },
  exchange: ({ first, second }, { resource = '', ...question }, site) => {
    const people = { subject: first, actor: second };
    const explanation = explainExchange(people, { ...question, resource }, site);
    const by = explanation.actor ? ` by ${nameOf(explanation.actor)}` : '';
    return { explanation, what: `have tokens exchanged for ${resource}${by}` };
  },
  enter: ({ first }, { client, ...question }, site) => {
    if (!client) throw new Error('no app is asked about');
    const app = appOfStored(client);
    const name = app.name === app.id ? app.id : `${app.name} (${app.id})`;
    return {
      explanation: explainEnter(first, { ...question, app }, site),
      what: `enter ${name}`,
    };
  },
};

/** The devices that are meant; undefined where the flag names nobody. */
async function devicesOf(
  view: TailnetView,
  name: string,
  flags: ParsedFlags,
): Promise<readonly Candidate[] | undefined> {
  const who = flags.strings[name]?.at(-1);
  if (who === undefined) return undefined;
  const candidates = await view.candidates(who);
  if (candidates.length > 0) return candidates;
  throw new CommandError(
    `nothing in this tailnet is called ${JSON.stringify(who)}: --${name} takes a login, a tag, a tailnet address or the name of a device`,
  );
}

/** Asks tailscaled, or files. What those leave open goes to standard error: the answer is the same as live. */
async function withTailnet<T>(
  flags: ParsedFlags,
  io: Io,
  config: Config,
  act: (view: TailnetView) => Promise<T>,
): Promise<T> {
  const file = flags.strings['tailnet']?.at(-1);
  const policy = flags.strings['policy']?.at(-1);
  if (file !== undefined) {
    const tailnet = await readFileTailnet(file, policy, config);
    const people = ['as', 'subject', 'actor'].flatMap((name) => flags.strings[name]?.at(-1) ?? []);
    const notes = new Set(people.flatMap((who) => tailnet.notes(who)));
    for (const note of notes) io.err(`${printable(note)}\n`);
    return act(tailnet);
  }
  if (policy !== undefined) {
    throw new UsageError('--policy: needs --tailnet FILE, which says whose devices there are');
  }
  const api = openLocalApi(config, io);
  try {
    return await act(await readLiveTailnet(api, config));
  } finally {
    api.close();
  }
}
