import type { FlagSpecs, ParsedFlags } from '../config/flags.ts';
import { checkResourceUri } from '../config/resources-schema.ts';
import { UsageError } from './command.ts';

/** What `explain` is asked: may a device enter an app, register clients, get a machine's token, have tokens exchanged? */
export type Asked = 'enter' | 'register' | 'machine-token' | 'exchange';

export const questionFlags: FlagSpecs = {
  as: {
    type: 'string',
    value: 'WHO',
    help: 'a login (alice@example.com), a tag (tag:ci), a tailnet address or a device',
  },
  client: {
    type: 'string',
    value: 'ID',
    help: 'client ID of the app; with --exchange the one that has the token, with --machine-token one that is a tagged node',
  },
  scope: {
    type: 'string',
    multiple: true,
    value: 'SCOPE',
    help: 'also say whether a token may hold this scope; again for each',
  },
  resource: {
    type: 'string',
    value: 'URI',
    help: 'the resource that the token is for (RFC 8707); without --scope for all of its scopes',
  },
  register: { type: 'boolean', help: 'may --as register clients (RFC 7591)?' },
  'machine-token': {
    type: 'boolean',
    help: 'does the machine --as get tokens by its connection alone, and for which resources?',
  },
  exchange: {
    type: 'boolean',
    help: 'may tokens of --subject be exchanged for --resource (RFC 8693)?',
  },
  subject: { type: 'string', value: 'WHO', help: 'with --exchange: whose token it is, as --as' },
  actor: {
    type: 'string',
    value: 'WHO',
    help: 'with --exchange: who acts with the new token, as --as; without: nobody else',
  },
};

interface Shape {
  readonly needs: readonly string[];
  readonly takes: readonly string[];
}

const shapes: Readonly<Record<Asked, Shape>> = {
  enter: { needs: ['as', 'client'], takes: ['scope', 'resource'] },
  register: { needs: ['as'], takes: [] },
  'machine-token': { needs: ['as'], takes: ['client', 'scope', 'resource'] },
  exchange: { needs: ['subject', 'resource'], takes: ['actor', 'client', 'scope'] },
};
const special = ['register', 'machine-token', 'exchange'] as const;
const all = ['as', 'client', 'scope', 'resource', 'subject', 'actor'];

/** @throws UsageError when two questions are asked at once, or one lacks a part, or has a strange one */
export function readQuestion({ strings, switches }: ParsedFlags): Asked {
  const given = special.filter((name) => switches.has(name));
  if (given.length > 1) {
    throw new UsageError(
      `${given.map((name) => `--${name}`).join(' and ')} cannot be used together`,
    );
  }
  const asked = given[0] ?? 'enter';
  const { needs, takes } = shapes[asked];
  const strange = all.filter(
    (name) => strings[name] !== undefined && ![...needs, ...takes].includes(name),
  );
  const missing = needs.filter((name) => strings[name] === undefined);
  const whose = asked === 'enter' ? '' : ` with --${asked}`;
  const problems = [
    ...missing.map((name) => `--${name}: is missing${whose}`),
    ...strange.map((name) => `--${name}: has no meaning${whose || ' without --exchange'}`),
  ];
  const uri = asked === 'exchange' ? undefined : strings['resource']?.at(-1);
  const wrong = uri === undefined ? undefined : wrongResource(uri, asked);
  if (wrong !== undefined) problems.push(`--resource: ${JSON.stringify(uri)} ${wrong}`);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return asked;
}

/** At a login oidc-provider takes URIs alone (RFC 8707 section 2). */
function wrongResource(uri: string, asked: Asked): string | undefined {
  if (asked === 'enter' && !URL.canParse(uri)) {
    return 'must be an absolute URI at a login: an audience that is not a URI is for --machine-token and --exchange';
  }
  return checkResourceUri(uri);
}
