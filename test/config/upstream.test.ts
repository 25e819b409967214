import { describe, expect, test } from 'vitest';
import { findCommand } from '../../src/cli/commands.ts';
import { type Config, loadConfig } from '../../src/config/config.ts';
import { configFlags } from '../../src/config/config-flags.ts';
import { parseFlags } from '../../src/config/flags.ts';
import { readUpstream, upstreamWarnings } from '../../src/config/upstream.ts';
import { load, problemsOf } from './load.ts';

/** Each of tsidp's flags as tsidp takes it, and its variable. */
interface Case {
  readonly flag?: readonly string[];
  readonly env?: Record<string, string>;
  /** What becomes of it. */
  readonly does: (config: Config) => unknown;
  readonly value: unknown;
  /** The one warning; none where it does its thing. */
  readonly says?: RegExp;
  /** Said only beside the machine's tailscaled; alone it asks for a node of our own. */
  readonly beside?: boolean;
}

const listener = (config: Config) => config.listen[0];
const backchannel = {
  type: 'backchannel',
  address: '127.0.0.1',
  port: 8080,
  baseUrl: 'http://localhost:8080',
};

const cases: Record<string, Case> = {
  'state directory': {
    flag: ['-dir', '/data'],
    env: { TS_STATE_DIR: '/data' },
    does: (config) => config.stateDirectory,
    value: '/data',
  },
  'state directory, as some write it': {
    env: { TSIDP_STATE_DIR: '/data' },
    does: (config) => config.stateDirectory,
    value: '/data',
  },
  port: {
    flag: ['-port', '8443'],
    env: { TSIDP_PORT: '8443' },
    does: (config) => listener(config),
    value: expect.objectContaining({ port: 8443 }),
  },
  'local port': {
    flag: ['-local-port', '8080'],
    env: { TSIDP_LOCAL_PORT: '8080' },
    does: (config) => config.listen,
    value: [expect.objectContaining({ type: 'auto' }), expect.objectContaining(backchannel)],
  },
  'no local port': {
    flag: ['-local-port', '-1'],
    env: { TSIDP_LOCAL_PORT: '-1' },
    does: (config) => config.listen.length,
    value: 1,
  },
  'local tailscaled': {
    flag: ['-use-local-tailscaled'],
    env: { TSIDP_USE_LOCAL_TAILSCALED: '1' },
    does: (config) => config.upstream.useLocalTailscaled,
    value: true,
  },
  'a node of its own': {
    flag: ['-use-local-tailscaled=false'],
    env: { TSIDP_USE_LOCAL_TAILSCALED: 'false' },
    does: (config) => config.upstream.useLocalTailscaled,
    value: false,
  },
  Funnel: {
    flag: ['-funnel'],
    env: { TSIDP_USE_FUNNEL: 'true' },
    does: (config) => [config.upstream.funnel, listener(config)],
    value: [true, expect.objectContaining({ funnel: true })],
  },
  'no Funnel': {
    flag: ['-funnel=f'],
    env: { TSIDP_USE_FUNNEL: '0' },
    does: (config) => [config.upstream.funnel, listener(config)],
    value: [false, expect.objectContaining({ funnel: false })],
  },
  'token exchange': {
    flag: ['-enable-sts'],
    env: { TSIDP_ENABLE_STS: '1' },
    does: (config) => config.upstream.enableSts,
    value: true,
  },
  log: {
    flag: ['-log', 'debug'],
    env: { TSIDP_LOG: 'debug' },
    does: (config) => config.log.level,
    value: 'debug',
  },
  'all requests': {
    flag: ['-debug-all-requests'],
    env: { TSIDP_DEBUG_ALL_REQUESTS: 'T' },
    does: (config) => config.log.level,
    value: 'info',
    says: /^(?:--debug-all-requests|TSIDP_DEBUG_ALL_REQUESTS): requests are never printed whole/u,
  },
  "tailscaled's log": {
    flag: ['-debug-tsnet'],
    env: { TSIDP_DEBUG_TSNET: '1' },
    does: (config) => config.upstream.debugTailscaled,
    value: true,
    says: /^(?:--debug-tsnet|TSIDP_DEBUG_TSNET): tailscaled writes its own log: "journalctl/u,
  },
  hostname: {
    beside: true,
    flag: ['-hostname', 'login'],
    env: { TS_HOSTNAME: 'login' },
    does: (config) => config.upstream.hostname,
    value: 'login',
    says: /^(?:--hostname|TS_HOSTNAME): the node is .*"tailscale set --hostname=login"$/u,
  },
  'hostname, as some write it': {
    beside: true,
    env: { TSIDP_HOSTNAME: 'login' },
    does: (config) => config.upstream.hostname,
    value: 'login',
    says: /^TSIDP_HOSTNAME: the node is tailscaled's here/u,
  },
  'authentication key': {
    beside: true,
    env: { TS_AUTHKEY: 'tskey-auth-secret' },
    does: (config) => config.upstream.authKey,
    value: 'tskey-auth-secret',
    says: /^TS_AUTHKEY: the node is tailscaled's here: log it in with "tailscale up --auth-key=…"/u,
  },
  tags: {
    beside: true,
    env: { TS_ADVERTISE_TAGS: 'tag:idp, tag:web' },
    does: (config) => config.upstream.advertiseTags,
    value: ['tag:idp', 'tag:web'],
    says: /^TS_ADVERTISE_TAGS: .*"tailscale up --advertise-tags=tag:idp,tag:web"$/u,
  },
  'the experimental switch': {
    env: { TAILSCALE_USE_WIP_CODE: '1' },
    does: (config) => config.upstream.enableSts,
    value: false,
    says: /^TAILSCALE_USE_WIP_CODE: is not needed here: remove it$/u,
  },
};

const from = (argv: readonly string[], env: Record<string, string>): Config =>
  loadConfig({ argv, env: { HOME: '/home/op', ...env } });

describe.each(Object.entries(cases))('%s', (_, one) => {
  const { flag, does, value, says, beside } = one;
  const local = beside ? { TSIDP_USE_LOCAL_TAILSCALED: '1' } : {};
  const env = one.env && { ...one.env, ...local };
  const ways: [way: string, config: () => Config][] = [];
  if (flag) {
    ways.push(['one dash', () => from(flag, local)]);
    ways.push(['two dashes', () => from([`-${flag[0]}`, ...flag.slice(1)], local)]);
  }
  if (env) ways.push(['the environment', () => from([], env)]);

  test.each(ways)('by %s', (_way, config) => {
    expect(does(config())).toEqual(value);
    expect(config().warnings).toEqual(says ? [expect.stringMatching(says)] : []);
  });
});

test('the flag wins over its variable, and is warned of once', () => {
  const env = { TS_HOSTNAME: 'a', TSIDP_HOSTNAME: 'b', TSIDP_USE_LOCAL_TAILSCALED: '1' };
  const config = from(['-hostname=c'], env);
  expect(config.upstream.hostname).toBe('c');
  expect(config.warnings).toEqual([expect.stringMatching(/^--hostname: /u)]);
  expect(from(['-funnel=false'], { TSIDP_USE_FUNNEL: '1' }).upstream.funnel).toBe(false);
});

test('where tailscaled is our own, its flags do their thing and need no word', () => {
  const argv = ['-hostname=login', '-debug-tsnet'];
  const env = { TS_AUTHKEY: 'tskey-auth-secret', TS_ADVERTISE_TAGS: 'tag:idp' };
  const read = readUpstream(env, parseFlags(argv, configFlags));
  expect(upstreamWarnings(read, { managed: true })).toEqual([]);
  expect(upstreamWarnings(read, { managed: false })).toHaveLength(4);
});

test.each([
  [['-local-port', '70000'], {}, /^--local-port: "70000" must be a whole number from 1 to 65535/u],
  [[], { TSIDP_LOCAL_PORT: 'x' }, /^TSIDP_LOCAL_PORT: "x" must be a whole number/u],
  [[], { TSIDP_USE_FUNNEL: 'yes' }, /^TSIDP_USE_FUNNEL: "yes" must be "true" or "false"$/u],
  [[], { TSIDP_ENABLE_STS: 'on' }, /^TSIDP_ENABLE_STS: "on" must be/u],
  [['-port=8444', '-funnel'], {}, /--port: 8444 must be one of Funnel's ports/u],
  [['-log', 'loud'], {}, /^--log: "loud" must be one of/u],
])('%j with %j is refused', (argv, env, problem) => {
  expect(problemsOf({}, { argv, env })).toEqual([expect.stringMatching(problem)]);
});

test('no Funnel where the file wants it, and no word of it to another kind of listener', () => {
  const argv = ['-funnel=false'];
  expect(load({ listen: { funnel: true } }, { argv }).listen[0]).toMatchObject({ funnel: false });
  expect(load({ listen: { type: 'tailnet' } }, { argv }).listen).toHaveLength(1);
  expect(problemsOf({ listen: { type: 'tailnet' } }, { argv: ['-funnel'] })).toEqual([
    expect.stringMatching(/^--funnel: /u),
  ]);
});

test('T22: the authentication key is printed nowhere', async () => {
  let out = '';
  const check = findCommand(['config', 'check']);
  const env = { HOME: '/home/op', TS_AUTHKEY: 'tskey-auth-secret' };
  const io = { out: (text: string) => (out += text), err: (text: string) => (out += text), env };
  expect(await check?.run(check.args, io)).toBe(0);
  expect(out).toContain('(set, not shown)');
  expect(out).not.toContain('tskey');
});
