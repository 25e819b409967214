import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createResource,
  type IntrospectionOptions,
  type Resource,
} from '../../src/resource/resource.ts';
import { bearer, caught } from './caught.ts';
import { instant, resourceUri, startIssuer, type TestIssuer } from './issuer.ts';

let issuer: TestIssuer;
let nowSeconds: number;

beforeEach(async () => {
  issuer = await startIssuer();
  nowSeconds = instant;
});
afterEach(() => issuer[Symbol.asyncDispose]());

const asking = (options: Partial<IntrospectionOptions> = {}): Resource =>
  createResource({
    issuer: issuer.url,
    resource: resourceUri,
    introspection: { credentials: 'peer', ...options },
    clock: () => nowSeconds,
  });
const asked = (): number => issuer.asked.get('/introspect') ?? 0;
const active = (changes: object = {}): object => ({
  active: true,
  iss: issuer.url,
  aud: resourceUri,
  sub: 'userid:1',
  client_id: 'inspector',
  scope: 'read_file',
  token_type: 'Bearer',
  iat: instant - 10,
  exp: instant + 890,
  username: 'alice@example.com',
  ...changes,
});

test('an opaque token is asked about, without any credential where the machine itself is known', async () => {
  issuer.known.set('opaque', active({ act: { sub: 'node:n1' } }));
  expect(await asking().authenticate(bearer('opaque'))).toMatchObject({
    subject: 'userid:1',
    clientId: 'inspector',
    scopes: ['read_file'],
    actors: [{ subject: 'node:n1' }],
    expiresAt: instant + 890,
    claims: { username: 'alice@example.com' },
  });
  expect(issuer.lastAuthorization).toBeUndefined();
});

test('a client proves itself with form-encoded Basic credentials', async () => {
  issuer.known.set('opaque', active());
  const credentials = { clientId: 'mcp:server', clientSecret: 'a+b%c d' };
  await asking({ credentials }).authenticate(bearer('opaque'));
  const [, encoded = ''] = issuer.lastAuthorization?.split(' ') ?? [];
  expect(Buffer.from(encoded, 'base64').toString()).toBe('mcp%3Aserver:a%2Bb%25c+d');
});

describe('answers that let nobody in', () => {
  test.each([
    ['inactive', { active: false }, /unknown, expired or revoked/],
    ['active as text', { active: 'true' }, /unknown, expired or revoked/],
    ['T06 another resource', { aud: 'https://other.test/mcp' }, /another resource/],
    ['T06 another resource in a list', { aud: ['https://mcp.test'] }, /another resource/],
    ['T06 no resource', { aud: undefined }, /another resource/],
    ['another issuer', { iss: 'https://evil.test' }, /another issuer/],
    ['a refresh token', { token_type: undefined }, /not an access token/],
    ['another type', { token_type: 'N_A' }, /not an access token/],
    ['expired', { exp: instant - 6 }, /expired/],
    ['without an end', { exp: undefined }, /too little/],
    ['not valid yet', { nbf: instant + 6 }, /not valid yet/],
    ['T42 issued in the future', { iat: instant + 6 }, /issued in the future/],
    ['without a subject', { sub: undefined }, /too little/],
    ['without a client', { client_id: undefined }, /too little/],
    ['scopes in a list', { scope: ['read_file'] }, /too little/],
    ['an actor without a name', { act: {} }, /too little/],
  ])('%s', async (_name, changes, reason) => {
    issuer.known.set('opaque', active(changes));
    const error = await caught(asking().authenticate(bearer('opaque')));
    expect(error).toMatchObject({ code: 'invalid_token', status: 401 });
    expect(error.message).toMatch(reason);
  });

  test('unknown', async () => {
    expect((await caught(asking().authenticate(bearer('opaque')))).status).toBe(401);
  });

  test.each([[[]], ['text'], [7]])('nonsense: %j', async (answer) => {
    issuer.lies.introspection = answer;
    expect((await caught(asking().authenticate(bearer('opaque')))).status).toBe(503);
  });

  test('our own credentials refused is no fault of the caller', async () => {
    const resource = asking();
    issuer.known.set('opaque', active());
    await resource.authenticate(bearer('opaque'));
    issuer.status = 401;
    const error = await caught(resource.authenticate(bearer('opaque')));
    expect(error.status).toBe(503);
    expect(String(error.cause)).toMatch(/introspect: it answered 401/);
  });

  test('an issuer without the endpoint', async () => {
    issuer.lies.metadata = { introspection_endpoint: undefined };
    const error = await caught(asking().authenticate(bearer('opaque')));
    expect(String(error.cause)).toMatch(/no introspection endpoint/);
  });
});

describe('T12 revocation', () => {
  test('T12 of an opaque token is seen at the next request', async () => {
    const resource = asking();
    issuer.known.set('opaque', active());
    await resource.authenticate(bearer('opaque'));
    issuer.known.delete('opaque');
    expect((await caught(resource.authenticate(bearer('opaque')))).code).toBe('invalid_token');
    expect(asked()).toBe(2);
  });

  test('T12 of a JWT, where it is always asked about', async () => {
    const resource = asking({ always: true });
    const token = await issuer.token();
    issuer.known.set(token, active());
    await resource.authenticate(bearer(token));
    issuer.known.delete(token);
    expect((await caught(resource.authenticate(bearer(token)))).code).toBe('invalid_token');
  });

  test('JWTs are not asked about otherwise', async () => {
    await asking().authenticate(bearer(await issuer.token()));
    expect(asked()).toBe(0);
  });

  test('what is no good by itself is never asked about', async () => {
    const resource = asking({ always: true });
    for (const claims of [{ aud: 'https://other.test' }, { exp: instant - 60 }]) {
      await caught(resource.authenticate(bearer(await issuer.token(claims))));
    }
    expect(asked()).toBe(0);
  });

  test('the issuer takes scopes away from a JWT, gives none, and never another subject', async () => {
    const resource = asking({ always: true });
    const token = await issuer.token({ scope: 'read_file run_code' });
    issuer.known.set(token, active({ scope: 'run_code admin' }));
    expect((await resource.authenticate(bearer(token))).scopes).toEqual(['run_code']);
    issuer.known.set(token, active({ sub: 'userid:2' }));
    expect((await caught(resource.authenticate(bearer(token)))).code).toBe('invalid_token');
    issuer.known.set(token, active({ client_id: 'other' }));
    expect((await caught(resource.authenticate(bearer(token)))).code).toBe('invalid_token');
  });
});

describe('an answer kept for a while', () => {
  test('serves until then, and never beyond the end of the token', async () => {
    const resource = asking({ cacheSeconds: 60 });
    issuer.known.set('opaque', active({ exp: instant + 30 }));
    await resource.authenticate(bearer('opaque'));
    nowSeconds += 29;
    await resource.authenticate(bearer('opaque'));
    expect(asked()).toBe(1);
    nowSeconds += 7;
    await caught(resource.authenticate(bearer('opaque')));
    expect(asked()).toBe(2);
  });

  test('is none where the token was refused', async () => {
    const resource = asking({ cacheSeconds: 60 });
    await caught(resource.authenticate(bearer('opaque')));
    issuer.known.set('opaque', active());
    await resource.authenticate(bearer('opaque'));
    expect(asked()).toBe(2);
  });

  test('T14 is forgotten, the oldest first, when there are a thousand', async () => {
    const resource = asking({ cacheSeconds: 60 });
    for (let index = 0; index <= 1000; index += 1) {
      issuer.known.set(`opaque${index}`, active());
      await resource.authenticate(bearer(`opaque${index}`));
    }
    await resource.authenticate(bearer('opaque1'));
    expect(asked()).toBe(1001);
    await resource.authenticate(bearer('opaque0'));
    expect(asked()).toBe(1002);
  });
});

test('T42 what was kept before the clock was set back is asked about again', async () => {
  issuer.known.set('opaque', active({ iat: instant - 700 }));
  const resource = asking({ cacheSeconds: 60 });
  await resource.authenticate(bearer('opaque'));
  nowSeconds = instant + 59;
  await resource.authenticate(bearer('opaque'));
  expect(asked()).toBe(1);
  nowSeconds = instant - 600;
  issuer.known.set('opaque', { active: false });
  expect((await caught(resource.authenticate(bearer('opaque')))).status).toBe(401);
});
