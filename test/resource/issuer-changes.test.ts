import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createResource,
  type Resource,
  type ResourceOptions,
} from '../../src/resource/resource.ts';
import { until } from '../world/until.ts';
import { bearer, caught } from './caught.ts';
import { instant, resourceUri, startIssuer, type TestIssuer } from './issuer.ts';

let issuer: TestIssuer;
let nowSeconds: number;

beforeEach(async () => {
  issuer = await startIssuer();
  nowSeconds = instant;
});
afterEach(() => issuer[Symbol.asyncDispose]());

const protecting = (options: Partial<ResourceOptions> = {}): Resource =>
  createResource({
    issuer: issuer.url,
    resource: resourceUri,
    clock: () => nowSeconds,
    ...options,
  });
const keysAsked = (): number => issuer.asked.get('/jwks') ?? 0;

describe('keys', () => {
  test('are asked for once for many requests at once', async () => {
    const resource = protecting();
    const token = await issuer.token();
    await Promise.all(Array.from({ length: 50 }, () => resource.authenticate(bearer(token))));
    expect(keysAsked()).toBe(1);
    expect(issuer.asked.get('/.well-known/oauth-authorization-server')).toBe(1);
  });

  test('a new one is found as soon as it signs', async () => {
    const resource = protecting();
    await resource.authenticate(bearer(await issuer.token()));
    await issuer.rotate('RS256');
    nowSeconds += 11;
    await resource.authenticate(bearer(await issuer.token()));
    expect(keysAsked()).toBe(2);
  });

  test('T14 unknown ones make us ask every ten seconds at most', async () => {
    const resource = protecting();
    for (let index = 0; index < 20; index += 1) {
      const token = await issuer.token({}, { kid: `unknown-${index}` });
      expect((await caught(resource.authenticate(bearer(token)))).code).toBe('invalid_token');
    }
    expect(keysAsked()).toBe(1);
    nowSeconds += 11;
    await caught(resource.authenticate(bearer(await issuer.token({}, { kid: 'unknown' }))));
    await caught(resource.authenticate(bearer(await issuer.token({}, { kid: 'unknown' }))));
    expect(keysAsked()).toBe(2);
  });

  test('one that the issuer dropped is refused within five minutes', async () => {
    const resource = protecting();
    const old = await issuer.token();
    await resource.authenticate(bearer(old));
    await issuer.rotate('ES256', { keep: false });
    nowSeconds += 301;
    // what is at hand does while the new set is loaded
    await resource.authenticate(bearer(old));
    await until('the new set is asked for', () => keysAsked() === 2);
    await until('the old key is refused', async () => {
      const outcome = await resource.authenticate(bearer(old)).catch((error) => error.code);
      return outcome === 'invalid_token';
    });
  });
});

describe('while the issuer is away', () => {
  test('the app starts, answers 503 with its reason for the log, and recovers', async () => {
    const seen: unknown[] = [];
    const resource = protecting({ onRefusal: (error) => seen.push(error.cause) });
    const token = await issuer.token();
    await issuer.away();
    const error = await caught(resource.authenticate(bearer(token)));
    expect(error).toMatchObject({ code: 'issuer_unavailable', status: 503 });
    expect(error.headers).toMatchObject({ 'Retry-After': '5', 'Cache-Control': 'no-store' });
    expect(error.headers).not.toHaveProperty('WWW-Authenticate');
    expect(JSON.parse(error.body).error).toBe('temporarily_unavailable');
    expect(String(seen[0])).toContain(issuer.url);
    await issuer.back();
    nowSeconds += 2;
    await resource.authenticate(bearer(token));
  });

  test('keys at hand do for a quarter of an hour, and no longer', async () => {
    const resource = protecting();
    await resource.authenticate(bearer(await issuer.token()));
    const late = await issuer.token({ exp: instant + 5000 });
    await issuer.away();
    nowSeconds += 899;
    await resource.authenticate(bearer(late));
    nowSeconds += 2;
    expect((await caught(resource.authenticate(bearer(late)))).status).toBe(503);
  });

  test('a token of an unknown key is neither good nor bad', async () => {
    const resource = protecting();
    await resource.authenticate(bearer(await issuer.token()));
    await issuer.rotate();
    const token = await issuer.token();
    await issuer.away();
    nowSeconds += 11;
    expect((await caught(resource.authenticate(bearer(token)))).status).toBe(503);
  });

  test('T14 it is asked once a second at most, whatever callers do', async () => {
    let sent = 0;
    const counting: typeof fetch = (...parameters) => {
      sent += 1;
      return fetch(...parameters);
    };
    const resource = protecting({ fetch: counting });
    const token = await issuer.token();
    await issuer.away();
    for (let index = 0; index < 20; index += 1) await caught(resource.authenticate(bearer(token)));
    expect(sent).toBe(1);
    nowSeconds += 1;
    await caught(resource.authenticate(bearer(token)));
    expect(sent).toBe(2);
  });

  test('T30 one that never answers is given up in time', async () => {
    const hanging = createServer(() => {});
    hanging.listen(0, '127.0.0.1');
    await new Promise((resolve) => hanging.once('listening', resolve));
    const { port } = hanging.address() as { port: number };
    const url = `http://127.0.0.1:${port}`;
    const resource = protecting({ issuer: url, timeoutMs: 50 });
    const token = await issuer.token({ iss: url });
    expect((await caught(resource.authenticate(bearer(token)))).status).toBe(503);
    hanging.closeAllConnections();
    hanging.close();
  });
});

describe('answers of the issuer that are not believed', () => {
  const reasonOf = async (options: Partial<ResourceOptions> = {}): Promise<string> => {
    const error = await caught(protecting(options).authenticate(bearer(await issuer.token())));
    expect(error).toMatchObject({ status: 503 });
    // callers learn nothing of it
    expect(error.body).not.toContain('127.0.0.1');
    return String(error.cause);
  };

  test('metadata of another issuer, by one byte', async () => {
    issuer.lies.metadata = { issuer: `${issuer.url}/` };
    expect(await reasonOf()).toMatch(/its issuer is .* write it exactly so/);
  });

  test('T18 keys and introspection elsewhere', async () => {
    issuer.lies.metadata = { jwks_uri: 'http://169.254.169.254/keys' };
    expect(await reasonOf()).toMatch(/jwks_uri leads away/);
    issuer.lies.metadata = { introspection_endpoint: 'http://127.0.0.1:1/x' };
    expect(await reasonOf()).toMatch(/introspection_endpoint leads away/);
    issuer.lies.metadata = { jwks_uri: 7 };
    expect(await reasonOf()).toMatch(/jwks_uri leads away/);
    issuer.lies.metadata = { jwks_uri: undefined };
    expect(await reasonOf()).toMatch(/names no jwks_uri/);
  });

  test.each([[[]], [{ keys: 'none' }], [{}], ['nonsense']])('keys: %j', async (keys) => {
    issuer.lies.keys = keys;
    await reasonOf();
  });

  test('T14 more than a quarter of a megabyte', async () => {
    issuer.lies.keys = { keys: [], padding: 'x'.repeat(300_000) };
    expect(await reasonOf()).toMatch(/longer than/);
  });

  test('an error status', async () => {
    issuer.status = 500;
    expect(await reasonOf()).toMatch(/answered 500/);
  });

  test('metadata may be read elsewhere, where it is said so', async () => {
    const resource = protecting({
      issuer: 'https://idp.tail1234.ts.net',
      metadataUrl: `${issuer.url}/.well-known/oauth-authorization-server`,
    });
    issuer.lies.metadata = { issuer: 'https://idp.tail1234.ts.net' };
    const token = await issuer.token({ iss: 'https://idp.tail1234.ts.net' });
    await resource.authenticate(bearer(token));
  });
});
