import { z } from 'zod';
import { ruleSchema, tsidpEmpty } from './rule.ts';

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** The documentation's table of a rule's fields, in Markdown, made from the schema. */
export function ruleTable(): string {
  const { properties = {} } = z.toJSONSchema(ruleSchema, { target: 'draft-7', io: 'input' });
  const rows = Object.entries(properties).map(([field, schema]) => {
    const { description = '', ...type } = schema as JsonSchema;
    const origin = Object.hasOwn(tsidpEmpty, field) ? 'tsidp' : 'new';
    return `| \`${field}\` | ${typeText(type)} | ${origin} | ${description} |`;
  });
  return ['| field | value | from | meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function typeText({ type, items, anyOf }: JsonSchema): string {
  if (anyOf) return anyOf.map(typeText).join(' or ');
  if (type === 'array') return `list of ${plural(typeText(items ?? {}))}`;
  if (type === 'boolean') return 'true or false';
  return type === 'string' ? 'text' : (type ?? 'any value');
}

function plural(text: string): string {
  return text.replaceAll('text', 'texts').replaceAll('object', 'objects');
}
