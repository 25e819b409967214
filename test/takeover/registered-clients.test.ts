import { expect, test } from 'vitest';
import { read, refusal } from './read.ts';
import { entryOf, keyText } from './tsidp-directory.ts';

const id = '6dff0a022dc513310f8e364467c0d4cd';

test('a directory without them is none of tsidp', () => {
  expect(read(undefined)).toBeUndefined();
});

test('become ours, with what apps know of them', () => {
  const entry = entryOf(id, { scope: 'openid', client_uri: 'https://bench.test/' });
  const { clients, invalid } = read(keyText(), { [id]: entry })!;
  expect(invalid).toEqual([]);
  expect(clients).toEqual([
    expect.objectContaining({
      id,
      name: 'bench',
      secret: entry.client_secret,
      createdAt: 1_795_247_366,
      leftOut: [],
      metadata: expect.objectContaining({
        client_name: 'bench',
        redirect_uris: ['https://bench.test/cb'],
        token_endpoint_auth_method: 'client_secret_post',
        // tsidp gave refresh tokens to all, whatever they registered
        grant_types: [
          'authorization_code',
          'refresh_token',
          'urn:ietf:params:oauth:grant-type:token-exchange',
        ],
        response_types: ['code'],
        client_uri: 'https://bench.test/',
      }),
      options: { dynamic: true },
    }),
  ]);
  expect(JSON.stringify(clients[0]?.metadata)).not.toContain(entry.client_secret);
});

test('of older files have redirect_uri and name', () => {
  const entry = {
    client_id: id,
    client_secret: 'a'.repeat(64),
    name: 'Old',
    redirect_uri: 'https://a.test/cb',
  };
  expect(read(undefined, { [id]: entry })?.clients).toEqual([
    expect.objectContaining({
      name: 'Old',
      createdAt: undefined,
      metadata: expect.objectContaining({
        redirect_uris: ['https://a.test/cb'],
        token_endpoint_auth_method: 'client_secret_basic',
      }),
    }),
  ]);
});

test.each<[what: string, more: Record<string, unknown>, expected: Record<string, unknown>]>([
  ['no name', { client_name: undefined }, { name: id }],
  ['an empty name', { client_name: '' }, { name: id }],
  ['nulls, as Go writes nothing', { contacts: null, scope: null, grant_types: null }, {}],
  ['no client_id inside', { client_id: undefined }, { id }],
  ['a number of members that we do not know', { big: 1e300, x: { y: [] } }, {}],
  ['the same redirect URI twice', { redirect_uris: ['https://a.test/', 'https://a.test/'] }, {}],
  ['a time of year 1', { created_at: '0001-01-01T00:00:00Z' }, { createdAt: undefined }],
  ['no time', { created_at: 'yesterday' }, { createdAt: undefined }],
  ['a logo that is none', { logo_uri: 'javascript:alert(1)' }, {}],
  ['the method none, which tsidp did not honour', { token_endpoint_auth_method: 'none' }, {}],
])('with %s are fine', (_, more, expected) => {
  const { clients, invalid } = read(undefined, { [id]: entryOf(id, more) })!;
  expect(invalid).toEqual([]);
  expect(clients[0]).toMatchObject(expected);
  expect(clients[0]?.metadata).not.toHaveProperty('logo_uri');
  expect(clients[0]?.metadata['token_endpoint_auth_method']).not.toBe('none');
});

test('keep their good redirect URIs, and the refused ones are named', () => {
  const uris = ['https://a.test/cb', 'https://a.test/#x', 'app.immich:///cb', 'javascript:x'];
  const [client] = read(undefined, { [id]: entryOf(id, { redirect_uris: uris }) })!.clients;
  expect(client?.metadata['redirect_uris']).toEqual([uris[0], uris[2]]);
  expect(client?.leftOut).toEqual([
    expect.stringMatching(/redirect_uris\[1\] "https:\/\/a\.test\/#x" has a fragment/u),
    expect.stringMatching(/redirect_uris\[3\] "javascript:x" uses the scheme/u),
  ]);
});

test.each<[what: string, entry: unknown, says: RegExp]>([
  ['text', 'x', /:2: 6dff0a022dc513310f8e364467c0d4cd must be an object$/u],
  ['a list', [], /must be an object$/u],
  ['no secret', entryOf(id, { client_secret: undefined }), /cd\.client_secret is missing$/u],
  ['an empty secret', entryOf(id, { client_secret: '' }), /client_secret is missing$/u],
  ['a short secret', entryOf(id, { client_secret: 'hunter2' }), /client_secret must be 8 to/u],
  ['a secret that is a number', entryOf(id, { client_secret: 5 }), /client_secret must be text$/u],
  ['another client_id inside', entryOf('other'), /client_id must be "6dff0a.*which of the two/u],
  ['a name with line breaks', entryOf(id, { client_name: 'a\nb' }), /client_name must not hold/u],
  ['a name that is a list', entryOf(id, { client_name: [] }), /client_name must be text$/u],
  [
    'no redirect URI',
    entryOf(id, { redirect_uris: [], redirect_uri: '' }),
    /redirect_uris is missing or empty$/u,
  ],
  [
    'redirect URIs that are text',
    entryOf(id, { redirect_uris: 'https://a.test/' }),
    /redirect_uris must be a list$/u,
  ],
  [
    'one that is a number',
    entryOf(id, { redirect_uris: [5] }),
    /redirect_uris\[0\] must be text$/u,
  ],
  [
    'too many',
    entryOf(id, { redirect_uris: [...Array(51).keys()].map((n) => `https://a.test/${n}`) }),
    /redirect_uris holds more than 50$/u,
  ],
  ['dynamic by text', entryOf(id, { dynamically_registered: 'yes' }), /must be true or false$/u],
])('invalid with %s', (_, entry, says) => {
  const { clients, invalid } = read(undefined, { [id]: entry })!;
  expect(clients).toEqual([]);
  expect(invalid).toMatchObject([{ id, problems: [expect.stringMatching(says)] }]);
  expect(JSON.stringify(invalid)).not.toContain('hunter2');
});

test('invalid with no redirect URI that is accepted, each named', () => {
  const entry = entryOf(id, { redirect_uris: ['javascript:x', 'https://a@b.test/'] });
  expect(read(undefined, { [id]: entry })?.invalid[0]?.problems).toEqual([
    expect.stringMatching(/redirect_uris holds none that is accepted here$/u),
    expect.stringMatching(/redirect_uris\[0\] "javascript:x" uses the scheme/u),
    expect.stringMatching(/redirect_uris\[1\] .*names a user before "@"/u),
  ]);
});

test.each(['a:b', 'a b', 'ü', '', 'a'.repeat(129), '\u202e'])('invalid with the ID %j', (odd) => {
  const { invalid } = read(undefined, { [odd]: entryOf(odd) })!;
  expect(invalid[0]?.problems[0]).toMatch(/has an ID that is not accepted here/u);
});

test.each<[what: string, text: string, says: RegExp]>([
  ['empty file', '', /oidc-funnel-clients\.json: is empty/u],
  ['file cut short', JSON.stringify({ [id]: entryOf(id) }).slice(0, 200), /:1:\d+: .*cut short/u],
  ['trailing comma', `{\n"a": {},\n}`, /oidc-funnel-clients\.json:3:1: property name expected/u],
  ['the same client twice', `{"a":{},\n"a":{}}`, /json:\d: a stands here twice/u],
  ['a member twice', `{"a":{"client_secret":"x","client_secret":"hunter2"}}`, /twice/u],
  ['list', '[]', /must be an object of clients by their ID/u],
  ['number', '12345678901234567890', /must be an object of clients by their ID/u],
])('refused as a whole: %s', (_, text, says) => {
  const message = refusal(() => read(keyText(), text));
  expect(message).toMatch(says);
  expect(message).not.toContain('hunter2');
});

test('none at all, as Go writes them', () => {
  expect(read(keyText(), 'null')).toMatchObject({ clients: [], invalid: [] });
  expect(read(keyText(), '{}')).toMatchObject({ clients: [], invalid: [] });
  expect(read(keyText())).toMatchObject({ clients: [], invalid: [] });
});

test('files are the same by what they say, but for secrets', () => {
  const entry = entryOf(id);
  const digest = read(keyText(), { [id]: entry })?.digest;
  const again = (more: object, key = keyText()) =>
    read(key, ` ${JSON.stringify({ [id]: { ...entry, ...more } })}`)?.digest;
  expect(again({})).toBe(digest);
  // a digest of a secret that somebody chose could be guessed from
  expect(again({ client_secret: 'another secret' })).toBe(digest);
  expect(again({ client_name: 'other' })).not.toBe(digest);
  expect(again({}, keyText('1'))).not.toBe(digest);
});
