import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../world/until.ts';
import { authorize, login, startIdp } from './idp.ts';
import { call } from './program.ts';
import { controlUrl, startTailnet, type Tailnet, type TailnetNode } from './tailnet.ts';

// The daemon as a node of its own: it runs the tailscaled that is on PATH.

let tailnet: Tailnet;
let alice: TailnetNode;
let ci: TailnetNode;

beforeAll(async () => {
  tailnet = await startTailnet();
  ci = await tailnet.join('ci', await tailnet.key({ tags: 'tag:ci' }));
  alice = await tailnet.join('alice', await tailnet.key({ user: 1 }));
});
afterAll(() => tailnet?.[Symbol.asyncDispose]());

interface Self {
  readonly ID: string;
  readonly TailscaleIPs: string[];
}

/** What the daemon's tailscaled says of the node. */
async function selfOf(stateDirectory: string): Promise<Self & { readonly address: string }> {
  const socket = `--socket=${join(stateDirectory, 'tailscaled.sock')}`;
  const said = await call(tailnet.directory, 'tailscale', [
    socket,
    'status',
    '--json',
    '--peers=false',
  ]);
  const { Self: self } = JSON.parse(said) as { Self: Self };
  return { ...self, address: self.TailscaleIPs.find((one) => one.includes('.')) ?? '' };
}

const configOf = (stateDirectory: string, tailscaled: object) => ({
  stateDirectory,
  tailscaled: { managed: true, ...tailscaled },
  listen: { plainHttp: true },
});

test('a new node is logged in by key, and is the same one after a restart without it', async () => {
  const stateDirectory = join(tailnet.directory, 'new');
  const authKey = await tailnet.key({ tags: 'tag:idp' });
  const first = await startIdp(
    tailnet.directory,
    'new-first',
    configOf(stateDirectory, { authKey, controlUrl, hostname: 'login' }),
  );
  expect(first.issuer.origin).toBe('http://login.tailnet.test');
  expect(first.program.said()).not.toContain(authKey);
  const before = await selfOf(stateDirectory);
  const idp = { issuer: first.issuer, address: before.address };
  const tokens = await until(
    'alice is in',
    () => login(alice, ci, idp).catch(() => undefined),
    60_000,
  );
  expect(JSON.parse(tokens.claims).sub).toBe('userid:1');
  expect((await authorize(ci, idp)).parameters.get('error')).toBe('access_denied');
  await first.program.stop();
  await expect(selfOf(stateDirectory)).rejects.toThrow();

  await using second = await startIdp(
    tailnet.directory,
    'new-second',
    configOf(stateDirectory, {}),
  );
  expect(second.issuer.origin).toBe(first.issuer.origin);
  expect(await selfOf(stateDirectory)).toMatchObject({ ID: before.ID, address: before.address });
  await until('alice is in', () => login(alice, ci, idp).catch(() => undefined), 60_000);
});

test('a node that was there before lives on from its tailscaled.state', async () => {
  const former = await tailnet.join('idp', await tailnet.key({ tags: 'tag:idp' }));
  await former.stop();
  const stateDirectory = join(tailnet.directory, 'taken-over');
  mkdirSync(stateDirectory, { mode: 0o700 });
  copyFileSync(
    join(former.directory, 'tailscaled.state'),
    join(stateDirectory, 'tailscaled.state'),
  );
  // nothing says that it is to be managed: the node that is there does
  const config = { stateDirectory, listen: { plainHttp: true } };
  await using daemon = await startIdp(tailnet.directory, 'taken-over', config);
  expect(daemon.issuer.origin).toBe('http://idp.tailnet.test');
  expect(await selfOf(stateDirectory)).toMatchObject({
    ID: former.stableId,
    address: former.address,
  });
  const idp = { issuer: daemon.issuer, address: former.address };
  const tokens = await until(
    'alice is in',
    () => login(alice, ci, idp).catch(() => undefined),
    60_000,
  );
  expect(JSON.parse(tokens.claims).sub).toBe('userid:1');
});

test('without a key the log shows where to log it in', async () => {
  const stateDirectory = join(tailnet.directory, 'nobody');
  const failure = startIdp(
    tailnet.directory,
    'nobody',
    configOf(stateDirectory, { controlUrl }),
    15_000,
  );
  await expect(failure).rejects.toThrow(/open http:\/\/127\.0\.0\.1:8080\/\S+ to log it in/u);
});
