import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';

const directory = new URL('../../config/', import.meta.url);
const examples = readdirSync(directory).filter((name) => name.endsWith('.jsonc'));

/** Reads the examples, and answers a secret for each `secretFile`, which no repository should hold. */
const readFile = (path: string): string =>
  path.endsWith('.jsonc') ? readFileSync(path, 'utf8') : 'a secret of an example\n';

const load = (name: string) =>
  loadConfig({
    argv: ['--config', new URL(name, directory).pathname, '--dir', '/state'],
    env: {},
    readFile,
  });

test('there are examples', () => {
  expect(examples).toEqual([
    'headscale.jsonc',
    'home-lab.jsonc',
    'managed.jsonc',
    'mcp.jsonc',
    'minimal.jsonc',
    'reverse-proxy.jsonc',
  ]);
});

test.each(examples)('config/%s loads and names its schema', (name) => {
  expect(load(name).clients.length).toBeGreaterThan(0);
  expect(readFileSync(new URL(name, directory), 'utf8')).toContain(
    '"$schema": "./tsidp.schema.json"',
  );
});

test('the examples say what their comments promise', () => {
  expect(load('minimal.jsonc')).toMatchObject({
    issuer: undefined,
    listen: [{ type: 'auto', port: 443, plainHttp: false }],
    clients: [{ id: 'grafana', name: 'grafana', secret: 'a secret of an example' }],
  });
  expect(load('headscale.jsonc')).toMatchObject({
    issuer: 'http://idp.tailnet.example',
    listen: [{ type: 'auto', port: 80, plainHttp: true }],
  });
  expect(load('managed.jsonc').tailscaled.managed).toMatchObject({
    hostname: 'idp',
    authKeyFile: new URL('authkey', directory).pathname,
  });
  expect(load('reverse-proxy.jsonc')).toMatchObject({
    issuer: 'https://login.example.com',
    listen: [{ type: 'tailnet', port: 443, trustedProxies: ['tag:login-proxy'] }],
  });
  const mcp = load('mcp.jsonc');
  expect(mcp.registration).toMatchObject({ mode: 'granted', quarantine: true });
  expect(mcp.metadataDocuments).toMatchObject({ mode: 'allowed' });
  expect(mcp.resources.map(({ tokenFormat }) => tokenFormat)).toEqual(['jwt', 'opaque']);
  expect(mcp.resources.flatMap(({ clients }) => clients)).toEqual(mcp.clients.map(({ id }) => id));
  const homeLab = load('home-lab.jsonc');
  expect(homeLab.clients.find(({ id }) => id === 'immich')?.redirectUris).toContain(
    'app.immich:///oauth-callback',
  );
  expect(homeLab.clients.find(({ id }) => id === 'argocd-cli')?.secret).toBeUndefined();
});

test('config/tsidp.schema.json is what "tsidp config-schema" prints', () => {
  const committed = readFileSync(new URL('tsidp.schema.json', directory), 'utf8');
  expect(configJsonSchema()).toBe(committed);
});
