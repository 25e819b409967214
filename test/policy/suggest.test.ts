import { describe, expect, test } from 'vitest';
import { formatGrant, suggestGrant } from '../../src/policy/suggest.ts';
import { parseHujson } from '../../src/simulator/hujson.ts';
import { machine, user } from './sample.ts';

const remedy = { 'tailscale.com/cap/tsidp': [{ clients: ['grafana'] }] };
const self = { tags: ['tag:idp', 'tag:infra'], addresses: ['100.64.0.2', 'fd7a:115c:a1e0::2'] };

test('real policy syntax, with a comma to paste it before other grants', () => {
  const suggestion = suggestGrant(remedy, user(), self)!;
  const text = formatGrant({
    ...suggestion,
    app: { ...remedy, 'example.com/cap/wiki': [{}] },
  });
  expect(text).toBe(
    `{
  "src": ["alice@example.com"],
  "dst": ["tag:idp"],
  "app": {
    "tailscale.com/cap/tsidp": [{ "clients": ["grafana"] }],
    "example.com/cap/wiki": [{}],
  },
},`,
  );
  expect(parseHujson(`{"grants": [${text}]}`, 'policy')).toEqual({
    grants: [
      {
        src: ['alice@example.com'],
        dst: ['tag:idp'],
        app: { ...remedy, 'example.com/cap/wiki': [{}] },
      },
    ],
  });
});

describe('who and where', () => {
  test.each<[string, Parameters<typeof suggestGrant>[1], typeof self, unknown]>([
    ['a person', user(), self, { src: ['alice@example.com'], dst: ['tag:idp'] }],
    ['Headscale', user({ login: 'carol' }), self, { src: ['carol@'], dst: ['tag:idp'] }],
    ['a machine', machine(['tag:ci', 'tag:x']), self, { src: ['tag:ci'], dst: ['tag:idp'] }],
    [
      'our node without tags',
      user(),
      { ...self, tags: [] },
      { src: ['alice@example.com'], dst: ['100.64.0.2'] },
    ],
  ])('%s', (_name, identity, own, expected) => {
    expect(suggestGrant(remedy, identity, own)).toEqual({ ...(expected as object), app: remedy });
  });

  test('nothing where no grant helps, or our node is unknown', () => {
    expect(suggestGrant(undefined, user(), self)).toBeUndefined();
    expect(suggestGrant(remedy, user(), { tags: [], addresses: [] })).toBeUndefined();
    expect(suggestGrant(remedy, machine([]), self)).toBeUndefined();
  });
});

test('no value can look like another, or leave its quotes', () => {
  const text = formatGrant({
    src: ['a"\n// \u202e\u2028\u{e0041}ö@example.com'],
    dst: ['tag:idp'],
    app: remedy,
  });
  expect(text.split('\n')[1]).toBe(
    '  "src": ["a\\"\\n// \\u202e\\u2028\\udb40\\udc41ö@example.com"],',
  );
  expect(parseHujson(`[${text}]`, 'policy')).toMatchObject([
    { src: ['a"\n// \u202e\u2028\u{e0041}ö@example.com'] },
  ]);
});
