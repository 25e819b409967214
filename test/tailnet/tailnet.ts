import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kill } from 'node:process';
import { until } from '../world/until.ts';
import { call, type Program, start } from './program.ts';
import { headscaleConfig, policy } from './settings.ts';
import type { Device } from './socks.ts';

export const controlUrl = 'http://127.0.0.1:8080';

export interface TailnetNode extends Device {
  readonly name: string;
  /** Of its tailscaled's LocalAPI. */
  readonly socket: string;
  /** With its `tailscaled.state`. */
  readonly directory: string;
  /** IPv4. */
  readonly address: string;
  readonly stableId: string;
  tailscale(...args: string[]): Promise<string>;
  /** Starts its tailscaled anew. @param tun a device of its own instead of userspace networking */
  restart(tun?: string): Promise<void>;
  stop(): Promise<void>;
}

export interface Tailnet extends AsyncDisposable {
  readonly directory: string;
  headscale(...args: string[]): Promise<string>;
  /** An auth key for a user's device, or for a machine with tags. */
  key(owner: { user: number } | { tags: string }): Promise<string>;
  setPolicy(text: string): void;
  /** Joins a device and waits until it is in. */
  join(name: string, key: string): Promise<TailnetNode>;
}

interface Status {
  readonly BackendState: string;
  readonly Self: { readonly ID: string; readonly TailscaleIPs: string[] | null };
}

/** Users 1 alice, 2 bob and 3 carol, who has no address; no devices yet. */
export async function startTailnet(): Promise<Tailnet> {
  const directory = mkdtempSync(join(tmpdir(), 'tailnet-'));
  writeFileSync(join(directory, 'headscale.yaml'), headscaleConfig);
  const setPolicyFile = (text: string) => writeFileSync(join(directory, 'policy.json'), text);
  setPolicyFile(policy({ aliceIsAdmin: true }));
  const programs: { stop(): Promise<void> }[] = [];
  const config = ['--config', join(directory, 'headscale.yaml')];
  const server = start(directory, 'headscale', 'headscale', [...config, 'serve']);
  programs.push(server);
  const headscale = (...args: string[]) => call(directory, 'headscale', [...config, ...args]);
  const answers = () => {
    if (server.hasEnded()) throw new Error(`Headscale ended: ${server.said()}`);
    return fetch(`${controlUrl}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await until('Headscale answers', answers, 30_000).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  await headscale(
    'users',
    'create',
    'alice',
    '--email',
    'alice@example.com',
    '--display-name',
    'Alice Ångström',
  );
  await headscale('users', 'create', 'bob', '--email', 'bob@example.com');
  await headscale('users', 'create', 'carol');
  let socksPort = 1081;
  return {
    directory,
    headscale,
    async key(owner) {
      const whose = 'user' in owner ? ['--user', String(owner.user)] : ['--tags', owner.tags];
      const said = await headscale('preauthkeys', 'create', '--reusable', ...whose);
      return said.trim().split('\n').at(-1)?.trim() ?? '';
    },
    setPolicy(text) {
      setPolicyFile(text);
      kill(server.pid, 'SIGHUP');
    },
    async join(name, key) {
      const node = await joinNode({ parent: directory, name, key, socksPort });
      socksPort += 1;
      programs.push(node);
      return node;
    },
    async [Symbol.asyncDispose]() {
      for (const program of programs.reverse()) await program.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Joining {
  readonly parent: string;
  readonly name: string;
  readonly key: string;
  readonly socksPort: number;
}

async function joinNode({ parent, name, key, socksPort }: Joining): Promise<TailnetNode> {
  const directory = join(parent, name);
  mkdirSync(directory, { mode: 0o700 });
  const socket = join(directory, 'sock');
  const tailscale = (...args: string[]) =>
    call(directory, 'tailscale', [`--socket=${socket}`, ...args]);
  const status = async (): Promise<Status | undefined> => {
    const said = await tailscale('status', '--json', '--peers=false').catch(() => undefined);
    return said === undefined ? undefined : (JSON.parse(said) as Status);
  };
  let program: Program | undefined;
  const launch = (tun: string) => {
    program = start(parent, name, 'tailscaled', [
      `--tun=${tun}`,
      `--statedir=${directory}`,
      `--socket=${socket}`,
      '--port=0',
      '--no-logs-no-support',
      ...(tun === 'userspace-networking' ? [`--socks5-server=127.0.0.1:${socksPort}`] : []),
    ]);
  };
  const running = () =>
    until(
      `${name} is in the tailnet`,
      async () => {
        if (program?.hasEnded()) throw new Error(`${name}'s tailscaled ended: ${program.said()}`);
        const now = await status();
        return now?.BackendState === 'Running' && now.Self.TailscaleIPs ? now : undefined;
      },
      60_000,
    );
  launch('userspace-networking');
  await until(`${name}'s tailscaled answers`, status, 30_000);
  const up = [`--login-server=${controlUrl}`, `--auth-key=${key}`, `--hostname=${name}`];
  await tailscale('up', ...up, '--accept-dns=false', '--timeout=60s');
  const { Self } = await running();
  return {
    name,
    socket,
    directory,
    socksPort,
    tailscale,
    address: Self.TailscaleIPs?.find((address) => address.includes('.')) ?? '',
    stableId: Self.ID,
    async restart(tun = 'userspace-networking') {
      await program?.stop();
      launch(tun);
      await running();
      // the namespace has no netfilter of its own to speak of
      if (tun !== 'userspace-networking') await tailscale('set', '--netfilter-mode=off');
    },
    stop: async () => program?.stop(),
  };
}
