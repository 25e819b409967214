import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { configReference } from '../../src/config/reference.ts';
import { fileSchema } from '../../src/config/schema.ts';
import { membersOf } from '../../src/schema/option.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Paths of all members that a JSON Schema knows, without lists and kinds. */
const pathsOf = (schema: unknown, above: readonly string[] = []): string[] => {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, items, anyOf, oneOf } = schema as Record<string, unknown>;
  const choices = [anyOf, oneOf].filter(Array.isArray).flat();
  return [
    ...Object.entries(properties ?? {}).flatMap(([name, of]) => [
      [...above, name].join('.'),
      ...pathsOf(of, [...above, name]),
    ]),
    ...[items, ...choices].flatMap((one) => pathsOf(one, above)),
  ];
};

const members = membersOf(fileSchema);

test('docs/configuration.md is what "tsidp config-reference" prints', () => {
  expect(configReference()).toBe(read('../../docs/configuration.md'));
});

test('every member of the JSON Schema is in the reference', () => {
  const paths = new Set(pathsOf(z.toJSONSchema(fileSchema, { io: 'input' })));
  expect(new Set(members.map(({ path }) => path.join('.')))).toEqual(paths);
});

describe('a member', () => {
  const known = new Set(pathsOf(JSON.parse(read('../fixtures/config/schema-0.1.0.json'))));
  test.each(members.map((member) => [member.path.join('.'), member] as const))(
    '%s says what it means, and since when it exists',
    (path, { schema, source }) => {
      const holdsMembers = members.some((other) => other.path.join('.').startsWith(`${path}.`));
      if (!holdsMembers) {
        const { description } = z.toJSONSchema(schema, { io: 'input' });
        expect(description, 'needs .describe(…)').toMatch(/\.$/);
      }
      if (!known.has(path)) expect(source.since, 'needs option(…, { since })').toBeDefined();
    },
  );
});
