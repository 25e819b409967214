import { expect, test } from 'vitest';
import { knownClaims } from '../../../src/engine/claims-request.ts';

const deep = `${'{"a":['.repeat(5000)}1${']}'.repeat(5000)}`;

test.each([
  ['{"id_token":{"email":null,"name":{"essential":true}}}'],
  ['{"userinfo":{"groups":{"value":"ops"},"acr":{"values":["1","2"]}},"id_token":{}}'],
])('T37 what OpenID Connect Core 5.5.1 defines stays: %s', (text) => {
  expect(JSON.parse(knownClaims(text))).toEqual(JSON.parse(text));
});

test.each([
  [
    `{"id_token":{"email":{"essential":true,"odd":${deep}}}}`,
    { id_token: { email: { essential: true } } },
  ],
  [`{"id_token":{"email":{"value":${deep}}},"odd":${deep}}`, { id_token: { email: {} } }],
  [
    `{"userinfo":{"acr":{"values":["1",${deep}],"essential":"yes"}}}`,
    { userinfo: { acr: { values: ['1'] } } },
  ],
  [`{"userinfo":{"email":${deep.slice(1)}`, undefined],
  [`{"userinfo":{"email":[${deep}]}}`, { userinfo: { email: null } }],
  [`{"id_token":[${deep}]}`, { id_token: 'not an object' }],
  [`[${deep}]`, []],
])('T37 anything else goes, however deep (%#)', (text, kept) => {
  const known = knownClaims(text);
  if (kept === undefined)
    expect(known).toBe(text); // no JSON: refused as that
  else expect(JSON.parse(known)).toEqual(kept);
});
