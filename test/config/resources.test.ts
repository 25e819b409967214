import { describe, expect, test } from 'vitest';
import { load, problemsOf } from './load.ts';

const uri = 'https://mcp.example/mcp';

describe('resources', () => {
  test('need no more than their URI; JWTs for a quarter of an hour, and every scope needs a grant', () => {
    expect(load({ resources: [{ uri }] }).resources).toEqual([
      {
        uri,
        scopes: {},
        openScopes: [],
        tokenFormat: 'jwt',
        ttlSeconds: 900,
        algorithm: 'RS256',
        claims: [],
        clients: [],
      },
    ]);
  });

  test.each([
    [{}, /resources\[0\]\.uri: is missing/],
    [{ uri: 'mcp example' }, /must be a URI such as .*or an audience such as/],
    [{ uri: 'sigstøre' }, /of printable ASCII/],
    [{ uri: 'a"b' }, /of printable ASCII/],
    [{ uri: 'sts.amazonaws.com#x' }, /must not have a fragment/],
    [{ uri: 'node-nAbCdEf1CNTRL' }, /is what a machine is called as a client/],
    [{ uri: `${uri}#x` }, /must not have a fragment/],
    [{ uri: 'https://me@mcp.example/' }, /must not hold a user name/],
    [{ uri, scope: {} }, /scope: is no member here; did you mean "scopes"\?/],
    [{ uri, scopes: 'read' }, /scopes: text must be an object/],
    [
      { uri, scopes: { openid: 'x' } },
      /scopes\.openid: "x" has a name that is a scope that says who/,
    ],
    [{ uri, scopes: { 'a b': 'x' } }, /scopes\["a b"\]: "x" has a name that must be a scope/],
    [{ uri, scopes: { read: '' } }, /must be a description for people/],
    [{ uri, openScopes: ['read'] }, /must be among "scopes": read/],
    [{ uri, tokenFormat: 'JWT' }, /must be one of "jwt", "opaque"/],
    [{ uri, ttlSeconds: 901 }, /must be at most 900 for JWTs/],
    [{ uri, claims: ['picture'] }, /claims\[0\]: "picture" must be one of/],
    [{ uri, algorithm: 'none' }, /algorithm: "none" must be one of/],
  ])('are refused: %j', (resource, problem) => {
    expect(problemsOf({ resources: [resource] }).join('\n')).toMatch(problem);
  });

  test('stand there once, however the empty path is written', () => {
    const twice = [{ uri: 'https://mcp.example' }, { uri: 'https://mcp.example/' }];
    expect(problemsOf({ resources: twice }).join('\n')).toMatch(
      /resources\[1\]\.uri: "https:\/\/mcp\.example\/" is the same as of resources\[0\]: remove one/,
    );
  });
});

describe('registration', () => {
  test('is for whom a grant names, without a wait, by default', () => {
    expect(load({}).registration).toMatchObject({ mode: 'granted', quarantine: false });
  });

  test.each([
    ['tailnet', /registration: text must be an object/],
    [{ mode: 'open' }, /must be one of "off", "granted", "tailnet", "public"/],
    [{ mod: 'off' }, /did you mean "mode"\?/],
    [{ perPeer: 0 }, /must be a whole number from 1/],
    [{ strangers: { total: '10' } }, /strangers\.total: "10" must be a whole number/],
  ])('is refused: %j', (registration, problem) => {
    expect(problemsOf({ registration }).join('\n')).toMatch(problem);
  });
});
