import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { load, problemsOf } from './load.ts';

type Given = Parameters<typeof load>[1];

const managedOf = (file: unknown, given?: Given) => load(file, given).tailscaled.managed;

/** Nothing said but that it is ours. */
const plain = {
  path: undefined,
  authKey: undefined,
  authKeyFile: undefined,
  hostname: undefined,
  controlUrl: undefined,
  advertiseTags: [],
  extraArgs: [],
};

const directoryWithNode = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'tsidp-managed-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'tailscaled.state'), '{}');
  return directory;
};

describe('whether the node is our own', () => {
  const own = { tailscaled: { managed: true } };
  const local = ['-use-local-tailscaled'];
  test.each<[string, unknown, Given, boolean]>([
    ['nothing is said', {}, {}, false],
    ['the file says so', own, {}, true],
    ['the file says no', { tailscaled: { managed: false } }, { env: { TS_AUTHKEY: 'k' } }, false],
    ["tsidp's switch wins over the file", own, { argv: local }, false],
    ['off is on', {}, { argv: ['-use-local-tailscaled=false'] }, true],
    ['a key to join with', {}, { env: { TS_AUTHKEY: 'tskey-auth-x' } }, true],
    ['a name to join under', {}, { argv: ['-hostname', 'idp'] }, true],
    ['tags to ask for', {}, { env: { TS_ADVERTISE_TAGS: 'tag:idp' } }, true],
    [
      'a key, but a socket, too',
      {},
      { argv: ['--tailscaled-socket=/s'], env: { TS_AUTHKEY: 'k' } },
      false,
    ],
    [
      'a key, but a socket in the file',
      { tailscaled: { socket: '/s' } },
      { env: { TS_AUTHKEY: 'k' } },
      false,
    ],
    ['the demo', { listen: { type: 'demo' } }, { env: { TS_HOSTNAME: 'idp' } }, false],
  ])('%s', (_, file, given, isOurs) => {
    expect(managedOf(file, given) !== undefined).toBe(isOurs);
  });

  test('tsidp left its node in the state directory', () => {
    const env = { TSIDP_STATE_DIR: directoryWithNode() };
    expect(managedOf({}, { env })).toEqual(plain);
    expect(managedOf({}, { env, argv: local })).toBeUndefined();
    expect(managedOf({ tailscaled: { managed: false } }, { env })).toBeUndefined();
    expect(managedOf({ listen: { type: 'demo' } }, { env })).toBeUndefined();
  });
});

describe('how it is run', () => {
  const tailscaled = {
    managed: true,
    path: 'bin/tailscaled',
    authKeyFile: 'key',
    hostname: 'login',
    controlUrl: 'https://headscale.example',
    advertiseTags: ['tag:idp'],
    extraArgs: ['--verbose=1'],
  };

  test('as the file says, paths relative to it', () => {
    expect(managedOf({ tailscaled })).toEqual({
      path: '/etc/bin/tailscaled',
      authKey: undefined,
      authKeyFile: '/etc/key',
      hostname: 'login',
      controlUrl: 'https://headscale.example',
      advertiseTags: ['tag:idp'],
      extraArgs: ['--verbose=1'],
    });
  });

  test('the environment wins over the file, flags over both', () => {
    const env = { TS_AUTHKEY: 'tskey-auth-x', TS_HOSTNAME: 'a', TS_ADVERTISE_TAGS: 'tag:a,tag:b' };
    expect(managedOf({ tailscaled }, { env, argv: ['--hostname', 'b'] })).toMatchObject({
      authKey: 'tskey-auth-x',
      authKeyFile: undefined,
      hostname: 'b',
      advertiseTags: ['tag:a', 'tag:b'],
    });
  });

  test.each<[string, Record<string, string>, object]>([
    ['a file', { TS_AUTHKEY_FILE: '/run/key' }, { authKeyFile: '/run/key' }],
    ['a file, the other way', { TS_AUTHKEY: 'file:/run/key' }, { authKeyFile: '/run/key' }],
    ['both', { TS_AUTHKEY: 'k', TS_AUTHKEY_FILE: '/run/key' }, { authKey: 'k' }],
  ])('the key from %s of the environment', (_, env, key) => {
    expect(managedOf({ tailscaled: { managed: true } }, { env })).toEqual({ ...plain, ...key });
  });

  test('the key in the environment takes the place of the one in the file', () => {
    const file = { tailscaled: { managed: true, authKey: 'in-file' } };
    const env = { TS_AUTHKEY_FILE: '/run/key' };
    expect(managedOf(file, { env })).toEqual({ ...plain, authKeyFile: '/run/key' });
  });

  test('arguments of "tailscale up" become settings, others go to tailscaled', () => {
    const env = {
      TS_EXTRA_ARGS: ' --login-server=https://h.example --advertise-tags=tag:x  --verbose=2 ',
      TS_TAILSCALED_EXTRA_ARGS: '--no-logs-no-support',
    };
    expect(managedOf({ tailscaled: { managed: true } }, { env })).toEqual({
      ...plain,
      controlUrl: 'https://h.example',
      advertiseTags: ['tag:x'],
      extraArgs: ['--verbose=2', '--no-logs-no-support'],
    });
  });

  test('where it is not ours, nothing of it counts', () => {
    const env = {
      TS_HOSTNAME: 'not a label!',
      TSIDP_USE_LOCAL_TAILSCALED: '1',
      TS_EXTRA_ARGS: '-',
    };
    expect(managedOf({}, { env })).toBeUndefined();
  });
});

describe('what is refused', () => {
  test.each<[string, unknown, Given, RegExp]>([
    [
      'two keys',
      { tailscaled: { authKey: 'a', authKeyFile: 'b' } },
      {},
      /authKeyFile: "b" cannot be combined/u,
    ],
    [
      'a socket',
      { tailscaled: { managed: true, socket: '/s' } },
      {},
      /socket: "\/s" cannot be combined/u,
    ],
    [
      'a flag of ours',
      { tailscaled: { extraArgs: ['--socket=/x'] } },
      {},
      /extraArgs\[0\]: .* tsidp sets/u,
    ],
    ['a domain as name', { tailscaled: { hostname: 'a.b' } }, {}, /must be one DNS label/u],
    [
      'no URL',
      { tailscaled: { controlUrl: 'headscale' } },
      {},
      /controlUrl: "headscale" must be a URL/u,
    ],
    ['no tag', { tailscaled: { advertiseTags: ['idp'] } }, {}, /must be a tag such as "tag:idp"/u],
    ['no switch', { tailscaled: { managed: 'yes' } }, {}, /managed: "yes" must be true or false/u],
    [
      'a name by flag',
      {},
      { argv: ['-hostname', 'a_b'] },
      /^--hostname: "a_b" must be one DNS label/u,
    ],
    [
      'a tag by variable',
      {},
      { env: { TS_ADVERTISE_TAGS: 'idp' } },
      /^TS_ADVERTISE_TAGS: "idp" must be/u,
    ],
  ])('%s', (_, file, given, problem) => {
    expect(problemsOf(file, given)).toEqual([expect.stringMatching(problem)]);
  });

  test.each([
    [
      'tskey-client-abc',
      /^TS_AUTHKEY: the value \(not shown\) is an OAuth client's secret: make an/u,
    ],
    ['tskey-api-abc', /^TS_AUTHKEY: the value \(not shown\) is an API access token/u],
    ['two words', /^TS_AUTHKEY: the value \(not shown\) must be one word/u],
  ])('a key that is none, and it is not shown: %s', (key, problem) => {
    expect(problemsOf({}, { env: { TS_AUTHKEY: key } })).toEqual([expect.stringMatching(problem)]);
  });
});
