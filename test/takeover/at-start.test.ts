import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { createLogger } from '../../src/log.ts';
import { pendingTakeover, requireFormerName, takeOver } from '../../src/takeover/at-start.ts';
import { TakeoverError } from '../../src/takeover/takeover-error.ts';
import { type Opened, openMemory } from '../store/opened.ts';
import {
  clientId,
  clientsFile,
  entryOf,
  keyFile,
  keyText,
  kid,
  type TsidpDirectory,
  tailscaledState,
  tsidpDirectory,
} from './tsidp-directory.ts';

const ids = [clientId(), clientId()] as const;
const entries = { [ids[0]]: entryOf(ids[0]), [ids[1]]: entryOf(ids[1]) };

const logger = () => {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { log: createLogger({ level: 'trace', destination }), text: () => lines.join('') };
};
const node = { stableId: 'nIdp', dnsName: 'idp.tailnet.test' };
const upstream = { hostname: undefined, useLocalTailscaled: undefined } as Config['upstream'];
const start = async (
  { path }: TsidpDirectory,
  { store, clock }: Opened,
  config: Partial<Config> = {},
) => {
  const { log, text } = logger();
  const pending = await pendingTakeover(path, store, log);
  const all = {
    issuer: undefined,
    tailscaled: { socket: undefined, managed: undefined },
    upstream,
    ...config,
  };
  if (pending) {
    requireFormerName(pending, { config: all, node });
    await takeOver(pending, { store, clock, log });
  }
  return text();
};

test('tsidp’s files are taken over once, and it says so', async () => {
  const opened = openMemory();
  const directory = tsidpDirectory(keyText(), {
    [ids[0]]: entryOf(ids[0], { redirect_uris: ['https://a.test/', 'https://a.test/#b'] }),
  });
  const said = await start(directory, opened);
  expect(said).toContain(`took over the signing key ${kid}`);
  expect(said).toContain(`took over the client ${ids[0]} (bench)`);
  expect(said).toContain('left out: ');
  expect(said).toContain('were left as they are');
  expect(await start(directory, opened)).toBe('');
});

test('nothing is half imported', async () => {
  const opened = openMemory();
  const directory = tsidpDirectory(keyText(), {
    ...entries,
    broken: { client_id: 'broken' },
  });
  await expect(start(directory, opened)).rejects.toThrow(
    /broken\.client_secret is missing[\s\S]*nothing was\. Correct the file, or take over the rest: tsidp import/u,
  );
  directory.write(clientsFile, '{ "cut": ');
  await expect(start(directory, opened)).rejects.toThrow(TakeoverError);
  expect(await opened.store.imports.list()).toEqual([]);
  expect(await opened.store.clients.list()).toEqual([]);
  expect(await opened.store.keys.list()).toEqual([]);
});

test('after that, files that change or break are told and no more', async () => {
  const opened = openMemory();
  const directory = tsidpDirectory(keyText(), entries);
  await start(directory, opened);
  const added = clientId();
  directory.write(clientsFile, JSON.stringify({ ...entries, [added]: entryOf(added) }));
  expect(await start(directory, opened)).toMatch(
    /are not those that were taken over: .*--dry-run/u,
  );
  expect(await opened.store.clients.find(added)).toBeUndefined();
  directory.write(keyFile, '{');
  expect(await start(directory, opened)).toMatch(/are damaged now/u);
});

const managed = (hostname: string | undefined) =>
  ({ managed: { hostname } }) as unknown as Config['tailscaled'];

const cases: [
  what: string,
  state: Parameters<typeof tailscaledState>[0] | undefined,
  config: Partial<Config>,
  refusal: RegExp | undefined,
][] = [
  ['nothing known', undefined, {}, undefined],
  [
    'the same node, whatever it asked to be called',
    { stableId: 'nIdp', hostname: 'x' },
    {},
    undefined,
  ],
  [
    'another node of the same name',
    { stableId: 'nOld', hostname: 'IDP', tailnet: 'tailnet.test' },
    {},
    undefined,
  ],
  [
    'another node',
    { stableId: 'nOld' },
    {},
    /was the node nOld, but tailscaled here is idp\.tailnet\.test/u,
  ],
  [
    'another name',
    { stableId: 'nOld', hostname: 'login', tailnet: 'tailnet.test.' },
    {},
    /was login\.tailnet\.test, but .*[\s\S]*tailscale set --hostname=login[\s\S]*--issuer https:\/\/login\.tailnet\.test$/u,
  ],
  [
    'another tailnet',
    { stableId: 'nOld', hostname: 'idp', tailnet: 'other.test' },
    {},
    /was idp\.other\.test, but/u,
  ],
  [
    'another name, of a node of our own',
    { stableId: 'nOld', hostname: 'login', tailnet: 'tailnet.test.' },
    { tailscaled: managed(undefined) },
    /was login\.tailnet\.test, but .*\nName it so \(tailscaled\.hostname "login" in the configuration, --hostname login or TS_HOSTNAME=login\): log the old node nOld out/u,
  ],
  [
    'a node of our own that asked for the name, which was taken',
    undefined,
    { tailscaled: managed('login') },
    /was login, but .*\nIt asks for the name login already, which another node has: log the old node out/u,
  ],
  ['a node of our own that has the name', undefined, { tailscaled: managed('idp') }, undefined],
  [
    'another name by flag',
    undefined,
    { upstream: { ...upstream, hostname: 'Login' } },
    /was login, but/u,
  ],
  ['the same name by flag', undefined, { upstream: { ...upstream, hostname: 'Idp' } }, undefined],
  [
    'a name by flag that tsidp did not heed',
    undefined,
    { upstream: { ...upstream, hostname: 'x', useLocalTailscaled: true } },
    undefined,
  ],
  [
    'another name, and the issuer said',
    { hostname: 'x' },
    { issuer: 'https://x.tailnet.test' },
    undefined,
  ],
];
test.each(cases)('%s', async (_, state, config, refusal) => {
  const opened = openMemory();
  const directory = tsidpDirectory(keyText(), undefined);
  if (state) directory.write('tailscaled.state', tailscaledState(state));
  if (refusal) {
    await expect(start(directory, opened, config)).rejects.toThrow(refusal);
    expect(await opened.store.imports.list()).toEqual([]);
  } else {
    await start(directory, opened, config);
    expect(await opened.store.imports.list()).toHaveLength(2);
  }
});

test.each(['', '{', '[]', '{"_profiles":5}', '{"_profiles":"e30=","_current-profile":"eA=="}'])(
  'a tailscaled.state that says nothing: %j',
  async (text) => {
    const directory = tsidpDirectory(keyText(), undefined);
    directory.write('tailscaled.state', text);
    const opened = openMemory();
    await start(directory, opened);
    expect(await opened.store.imports.list()).toHaveLength(2);
  },
);
