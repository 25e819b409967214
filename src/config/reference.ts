import { z } from 'zod';
import { type Member, membersOf } from '../schema/option.ts';
import { fileSchema } from './schema.ts';

/** The page `docs/configuration.md`, made of the same definition that reads the file. */

/** The part of JSON Schema that zod writes for a member. */
interface Described {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Described;
  readonly maxItems?: number;
  readonly anyOf?: readonly Described[];
  readonly oneOf?: readonly Described[];
}

const describe = (schema: z.ZodType): Described =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Described;

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;

const kindsOfValue = (described: Described): string => {
  const { type, items, minimum, maximum } = described;
  if (described.enum) return described.enum.map(code).join(', ');
  if (described.const !== undefined) return code(described.const);
  const choices = described.anyOf ?? described.oneOf;
  if (choices) return [...new Set(choices.map(kindsOfValue))].join(' or ');
  if (type === 'integer') return `whole number, ${minimum} to ${maximum}`;
  if (type === 'array') {
    const most = described.maxItems === undefined ? '' : `, at most ${described.maxItems}`;
    return `list${items ? ` of ${plural[items.type ?? ''] ?? 'values'}` : ''}${most}`;
  }
  return words[type ?? ''] ?? 'any value';
};

const words: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: '`true` or `false`',
  object: 'object',
};
const plural: Readonly<Record<string, string>> = { string: 'texts', object: 'objects' };

const isPlain = (value: unknown): boolean =>
  typeof value !== 'object' || (Array.isArray(value) && value.every(isPlain));

/** A default that is an object only says that its own members have defaults. */
const standard = ({ default: value }: Described): string =>
  value !== undefined && isPlain(value) ? code(value) : '';

const oneLine = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/gu, ' ');

const otherWays = ({ source: { flag, variables = [], upstream } }: Member): string => {
  const ways = [
    ...(flag ? [`\`--${flag.name}${flag.value ? ` ${flag.value}` : ''}\``] : []),
    ...variables.toReversed().map((name) => `\`${name}\``),
  ];
  if (ways.length === 0) return '';
  return ` Also: ${ways.join(', ')}${upstream ? ", as tsidp's" : ''}.`;
};

const row = (member: Member): string => {
  const { path, schema, schemas, source, kinds } = member;
  const described = describe(schema);
  const value = [...new Set(schemas.map((one) => kindsOfValue(describe(one))))].join(', ');
  const where = kinds.length > 0 ? `Of ${kinds.map((kind) => `\`${kind}\``).join(', ')}. ` : '';
  const meaning = oneLine(`${where}${described.description ?? ''}${otherWays(member)}`);
  const since = source.since ?? firstVersion;
  const name = `\`${path.slice(1).join('.') || path[0]}\``;
  return `| ${name} | ${oneLine(value)} | ${oneLine(standard(described))} | ${meaning.trim()} | ${since} |`;
};

export const firstVersion = '0.1.0';

const head = '| member | value | default | meaning | since |\n|---|---|---|---|---|';

const isSection = ({ path }: Member, all: readonly Member[]): boolean =>
  all.some((other) => other.path.length > 1 && other.path[0] === path[0]);

/** Markdown: the plain members first, then a section for each that has members of its own. */
export const configReference = (): string => {
  const all = membersOf(fileSchema);
  const top = all.filter(({ path }) => path.length === 1);
  const sections = top
    .filter((member) => isSection(member, all))
    .map((member) => {
      const [name = ''] = member.path;
      const { description = '' } = describe(member.schema);
      const rows = all.filter(({ path }) => path.length > 1 && path[0] === name).map(row);
      return `## \`${name}\`\n\n${[oneLine(description), head].filter(Boolean).join('\n\n')}\n${rows.join('\n')}\n`;
    });
  const plain = top.filter((member) => !isSection(member, all)).map(row);
  return `${introduction}\n${head}\n${plain.join('\n')}\n\n${sections.join('\n')}`;
};

const introduction = `# Configuration

Every member of the configuration file, made by \`tsidp config-reference\` from the definition that reads it. The file is JSON with comments; environment variables win over it, and flags over those. What stands in a list is told without its number: \`clients.id\` is the \`id\` of each entry of \`clients\`. Paths in the file are relative to it. \`tsidp config check --config FILE\` checks a file and prints what it comes to.
`;
