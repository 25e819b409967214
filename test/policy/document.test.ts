import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isProtectedClaim } from '../../src/policy/protected-claims.ts';
import { ruleFields, ruleJsonSchema } from '../../src/policy/rule.ts';
import { ruleTable } from '../../src/policy/rule-table.ts';

const document = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');

test('the table of fields in docs/policy.md is the schema’s', () => {
  const [, table] = /<!-- rule fields: .* -->\n\n(.*?)\n<!-- end/su.exec(document) ?? [];
  expect(table).toBe(ruleTable());
});

test('every claim that docs/policy.md calls protected is', () => {
  const [, tsidp = '', others = ''] =
    /cannot set: `([\w ]+)` \(tsidp's list\).*: `([\w ]+)`\.$/mu.exec(document) ?? [];
  const names = `${tsidp} ${others}`.split(' ');
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name) => !isProtectedClaim(name))).toEqual([]);
});

test('the JSON Schema describes every field and lets others be', () => {
  const { properties, additionalProperties } = ruleJsonSchema();
  expect(Object.keys(properties as object)).toEqual(ruleFields);
  for (const schema of Object.values(properties as object)) {
    expect(schema.description).toMatch(/\.$/u);
  }
  expect(additionalProperties).toEqual({});
});
