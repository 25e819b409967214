import { z } from 'zod';
import { fileSchema } from './schema.ts';

/** The configuration file's JSON Schema as text, laid out as the formatter wants it in `config/`. */
export const configJsonSchema = (): string => {
  const schema = z.toJSONSchema(fileSchema, { target: 'draft-7', io: 'input' });
  const { $schema, ...rest } = schema;
  const titled = { $schema, title: 'tsidp configuration', ...rest };
  return `${shortListsInline(JSON.stringify(titled, undefined, 2))}\n`;
};

const lineWidth = 100;

/** Lists of plain values on one line where they fit. */
const shortListsInline = (json: string): string =>
  json.replace(/^(.*)\[\n([^[\]{}]*?)\n *\](,?)$/gmu, (whole, before, items, after) => {
    const line = `${before}[${items.trim().replace(/\n */gu, ' ')}]${after}`;
    return line.length <= lineWidth ? line : whole;
  });
