import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kill } from 'node:process';
import { describe, expect, test } from 'vitest';
import { TailscaledError } from '../../src/peer/tailscaled-error.ts';
import { until } from '../world/until.ts';
import { authKey, backendState, isAlive, makeStandIn, manage, type Site } from './managed-site.ts';

const logInOnce = (site: Site) =>
  writeFileSync(join(site.stateDirectory, 'tailscaled.state'), '{}');

describe('a new node', () => {
  test('is started in userspace on the state directory and logged in by key', async () => {
    const site = makeStandIn();
    const { socket } = await manage(
      site,
      {
        authKey,
        hostname: 'idp2',
        controlUrl: 'https://headscale.test',
        advertiseTags: ['tag:idp'],
        extraArgs: ['--no-logs-no-support', '--port=41641'],
      },
      { env: { PATH: process.env['PATH'], TS_AUTHKEY: authKey, TS_DEBUG_X: '1', SECRET: 's' } },
    );
    expect(socket).toBe(join(site.stateDirectory, 'tailscaled.sock'));
    const [{ args, env, cwd }] = site.noted('started') as [
      { args: string[]; env: Record<string, string>; cwd: string },
    ];
    expect(args).toEqual([
      '--tun=userspace-networking',
      `--statedir=${site.stateDirectory}`,
      `--socket=${socket}`,
      '--port=0',
      '--no-logs-no-support',
      '--port=41641',
    ]);
    expect(
      Object.keys(env).filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name)),
    ).toEqual(expect.arrayContaining(['PATH', 'TS_DEBUG_X']));
    expect(env).not.toHaveProperty('TS_AUTHKEY');
    expect(env).not.toHaveProperty('SECRET');
    expect(cwd).toBe('/');
    expect(site.noted('POST start')).toEqual([
      {
        AuthKey: authKey,
        UpdatePrefs: {
          ControlURL: 'https://headscale.test',
          CorpDNS: true,
          WantRunning: true,
          LoggedOut: false,
          AdvertiseTags: ['tag:idp'],
          Hostname: 'idp2',
        },
      },
    ]);
    expect(site.noted('POST login-interactive')).toHaveLength(1);
    expect(await backendState(socket)).toBe('Running');
  });

  test('takes the key from a file, and never logs it', async () => {
    const site = makeStandIn();
    const authKeyFile = join(site.directory, 'key');
    writeFileSync(authKeyFile, `${authKey}\n`);
    const { said } = await manage(site, { authKeyFile });
    await until('it is in', () => said.includes('info the node is in the tailnet'));
    expect(said.join('\n')).toContain('the key is [key]');
    expect(said.join('\n')).not.toContain(authKey.slice(5, 20));
    expect(site.noted('POST start')).toMatchObject([{ AuthKey: authKey }]);
  });

  test('without a key shows where to log it in, and is up when somebody did', async () => {
    const site = makeStandIn();
    const { said, socket } = await manage(site);
    expect(site.noted('POST start')).toMatchObject([
      { AuthKey: '', UpdatePrefs: { Hostname: 'idp' } },
    ]);
    const shown = await until('the URL', () =>
      said.find((line) => line.startsWith('warn this node')),
    );
    expect(shown).toContain('open https://login.simulated.test/a/1234567890 to log it in');
    kill(site.pids()[0] ?? 0, 'SIGUSR2');
    await until('it is in', () => said.includes('info the node is in the tailnet'));
    expect(await backendState(socket)).toBe('Running');
    expect(said.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  test('warns of nothing while its login by key is under way', async () => {
    const site = makeStandIn({ loginMs: 300 });
    const { said, socket } = await manage(site, { authKey });
    expect(await backendState(socket)).toBe('NeedsLogin');
    await until('it is in', () => said.includes('info the node is in the tailnet'));
    expect(said.filter((line) => /^(?:warn|error)/u.test(line))).toEqual([]);
  });

  test('says what tailscaled says when the login takes too long', async () => {
    const site = makeStandIn({ loginMs: 60_000 });
    const { said } = await manage(site, { authKey }, { pauses: { quickMs: 20, loginMs: 50 } });
    await until('why', () => said.find((line) => line.includes('tailscaled says: You are logged')));
  });

  test('says why its key was not taken', async () => {
    const site = makeStandIn();
    const { said } = await manage(site, { authKey: 'tskey-auth-wrong' });
    const words = 'tailscaled says: You are logged out. The last login error was: invalid';
    const shown = await until('why', () => said.find((line) => line.includes(words)));
    expect(shown).toMatch(/^warn not logged in/);
  });

  test('fails to start with the words of tailscaled, but without the key', async () => {
    const site = makeStandIn({ mode: 'refuse' });
    const started = manage(site, { authKey });
    await expect(started).rejects.toThrow(/answered start with 500 tag "tag:x" is wrong/);
    expect(isAlive(site.pids()[0] ?? 0)).toBe(false);
  });
});

describe('a node that was logged in before', () => {
  test('comes up by itself, needing no key', async () => {
    const site = makeStandIn();
    logInOnce(site);
    const { socket } = await manage(site, { authKeyFile: join(site.directory, 'gone') });
    expect(await backendState(socket)).toBe('Running');
    expect(site.notes()).toHaveLength(1);
  });

  test('is renamed when another name is wanted', async () => {
    const site = makeStandIn();
    logInOnce(site);
    const { said } = await manage(site, { hostname: 'login' });
    await until('said', () => said.includes('info tailscaled: renamed the node to login'));
    expect(site.noted('PATCH prefs')).toEqual([{ Hostname: 'login', HostnameSet: true }]);
  });

  test('is not taken to another control server', async () => {
    const site = makeStandIn();
    logInOnce(site);
    await expect(manage(site, { controlUrl: 'https://other.test' })).rejects.toThrow(
      /belongs to https:\/\/c\.test, and tailscaled\.controlUrl is https:\/\/other\.test/,
    );
    await manage(makeStandIn(), { controlUrl: 'https://C.test/' });
  });

  test('that has fallen out of the tailnet asks for a person', async () => {
    const site = makeStandIn();
    const { said } = await manage(site, { authKey });
    await until('it is in', () => said.includes('info the node is in the tailnet'));
    kill(site.pids()[0] ?? 0, 'SIGUSR1');
    await until('told', () => said.find((line) => /^error the node has fallen out/.test(line)));
    await until('asked', () => site.noted('POST login-interactive').length === 2);
    expect(site.noted('POST start')).toHaveLength(1);
  });
});

describe('what stops the start', () => {
  test.each([
    [
      'no such program',
      { path: '/nowhere/tailscaled' },
      /nowhere\/tailscaled \(tailscaled\.path\)/,
    ],
    ['a directory', { path: '/etc' }, /\/etc \(tailscaled\.path\) is not a program/],
    [
      'an unreadable key',
      { authKeyFile: '/nowhere/key' },
      /file \/nowhere\/key can't be read: ENOENT/,
    ],
    [
      'an empty key',
      { authKeyFile: '/dev/null' },
      /\/dev\/null holds no auth key: it must be one word/,
    ],
  ])('%s', async (_, settings, problem) => {
    const started = manage(makeStandIn(), settings);
    await expect(started).rejects.toThrow(TailscaledError);
    await expect(started).rejects.toThrow(problem);
  });

  test('a state directory whose socket would have too long a name', async () => {
    const site = makeStandIn();
    const stateDirectory = join(site.directory, 'x'.repeat(100));
    mkdirSync(stateDirectory);
    await expect(manage(site, {}, { stateDirectory })).rejects.toThrow(
      /too long a name for a socket/,
    );
    expect(site.notes()).toEqual([]);
  });
});
