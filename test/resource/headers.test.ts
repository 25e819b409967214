import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createResource, type Resource } from '../../src/resource/resource.ts';
import { bearer, caught } from './caught.ts';
import { instant, resourceUri, startIssuer, type TestIssuer } from './issuer.ts';

let issuer: TestIssuer;
let resource: Resource;
const metadataUrl = 'https://mcp.test/.well-known/oauth-protected-resource/mcp';

beforeAll(async () => {
  issuer = await startIssuer();
  resource = createResource({
    issuer: issuer.url,
    resource: resourceUri,
    scopes: ['read_file', 'run_code'],
    clock: () => instant,
  });
});
afterAll(() => issuer[Symbol.asyncDispose]());

describe('requests without a token get a challenge without an error', () => {
  test.each([undefined, '', 'Basic YTpi', 'Token abc', 'Bearerx abc'])(
    '%s',
    async (authorization) => {
      const facts = { ...bearer(''), authorization };
      const error = await caught(resource.authenticate(facts, { askFor: ['read_file'] }));
      expect(error).toMatchObject({ code: 'no_token', status: 401 });
      expect(error.headers['WWW-Authenticate']).toBe(
        `Bearer resource_metadata="${metadataUrl}", scope="read_file"`,
      );
      expect(JSON.parse(error.body)).not.toHaveProperty('error');
    },
  );
});

describe('T14 headers that hold no token cost no work', () => {
  const long = 'x'.repeat(8193);
  test.each([
    ['nothing', 'Bearer '],
    ['a space', 'Bearer a b'],
    ['two of them', 'Bearer abc, Bearer def'],
    ['quotes', 'Bearer "abc"'],
    ['line breaks', 'Bearer abc\r\nX: y'],
    ['letters of elsewhere', 'Bearer äöü'],
    ['too many characters', `Bearer ${long}`],
    ['too many characters of a JWT', `Bearer ${long}.${long}.${long}`],
    ['a megabyte of blanks', `Bearer${' '.repeat(1_000_000)}\n`],
  ])('%s', async (_name, authorization) => {
    const before = [...issuer.asked.values()].reduce((sum, count) => sum + count, 0);
    const error = await caught(resource.authenticate({ ...bearer(''), authorization }));
    expect(error).toMatchObject({ code: 'invalid_token', status: 401 });
    expect([...issuer.asked.values()].reduce((sum, count) => sum + count, 0)).toBe(before);
  });
});

test('the scheme is not case sensitive', async () => {
  const token = await issuer.token();
  for (const scheme of ['bearer', 'BEARER', 'Bearer ']) {
    await resource.authenticate({ ...bearer(''), authorization: `${scheme} ${token}` });
  }
});

test('opaque tokens are refused where nothing introspects them', async () => {
  const error = await caught(resource.authenticate(bearer('abc.def')));
  expect(error.message).toBe('The access token is not a JWT.');
});

describe('scopes', () => {
  test('a missing one is a challenge that names it and what the token has already', async () => {
    const token = await issuer.token({ scope: 'openid read_file' });
    const error = await caught(resource.authenticate(bearer(token), { scopes: ['run_code'] }));
    expect(error).toMatchObject({ code: 'insufficient_scope', status: 403 });
    expect(error.headers['WWW-Authenticate']).toBe(
      `Bearer resource_metadata="${metadataUrl}", error="insufficient_scope", ` +
        'error_description="The access token lacks a scope: run_code.", scope="read_file run_code"',
    );
    expect(JSON.parse(error.body).error).toBe('insufficient_scope');
  });

  test('all of them are needed', async () => {
    const needs = { scopes: ['read_file', 'run_code'] };
    const both = await issuer.token({ scope: 'run_code read_file' });
    const access = await resource.authenticate(bearer(both), needs);
    expect(() => resource.requireScopes(access, ['run_code'])).not.toThrow();
    expect(resource.scopesToAskFor(access, ['run_code'])).toBeUndefined();
    const one = await issuer.token({ scope: 'run_code' });
    expect((await caught(resource.authenticate(bearer(one), needs))).status).toBe(403);
  });

  test('a part of a name is not the name', async () => {
    const token = await issuer.token({ scope: 'run_code_now xrun_code RUN_CODE run_code,' });
    const needs = { scopes: ['run_code'] };
    expect((await caught(resource.authenticate(bearer(token), needs))).status).toBe(403);
  });

  test('a misspelt need is an error of the app, not of the caller', () => {
    expect(() => resource.koa.protect({ scopes: ['runcode'] })).toThrow(/runcode/);
    expect(() => resource.connect.protect({ askFor: ['runcode'] })).toThrow(/runcode/);
  });
});

describe('options that are wrong are named at the start', () => {
  const good = { issuer: 'https://idp.test', resource: 'https://mcp.test/mcp' };
  test.each([
    [{ issuer: 'idp.test' }, /issuer/],
    [{ issuer: 'http://idp.test' }, /https/],
    [{ issuer: 'https://idp.test?x' }, /query/],
    [{ resource: 'https://mcp.test/mcp#x' }, /fragment/],
    [{ resource: 'https://mcp.test/mcp?x=1' }, /query/],
    [{ resource: 'https://me:pw@mcp.test/mcp' }, /user name/],
    [{ resource: 'urn:mcp' }, /https/],
    [{ resource: 'https://mcp.test/"a' }, /URL/],
    [{ scopes: ['read file'] }, /scope/],
    [{ scopes: ['a"b'] }, /scope/],
    [{ algorithms: [] }, /algorithms/],
    [{ algorithms: ['HS256'] as never }, /HS256/],
    [{ clockToleranceSeconds: 3600 }, /clockTolerance/],
    [{ timeoutMs: 0 }, /timeoutMs/],
    [{ timeoutMs: Number.NaN }, /timeoutMs/],
    [{ introspection: { credentials: 'peer' as const, cacheSeconds: 3600 } }, /cacheSeconds/],
  ])('%j', (wrong, reason) => {
    expect(() => createResource({ ...good, ...wrong })).toThrow(reason);
  });

  test.each(['http://idp.tail1234.ts.net', 'http://100.64.0.2:8080'])(
    '%s with plainHttp',
    (url) => {
      const resource = createResource({ ...good, issuer: url, plainHttp: true });
      expect(resource.metadata['authorization_servers']).toEqual([url]);
    },
  );
});
