import { expect, onTestFinished, test } from 'vitest';
import { keyText, kid, tailscaledState, tsidpDirectory } from '../../takeover/tsidp-directory.ts';
import { freePort } from '../../world/world.ts';
import { startListening } from '../listeners/listener-world.ts';

/** On a state directory with a key and a `tailscaled.state` of that node. The node beside us is idp.tailnet.test. */
const startOn = async (hostname: string, more: Record<string, unknown> = {}) => {
  const directory = tsidpDirectory(keyText(), undefined);
  const node = { stableId: 'nFormer', hostname, tailnet: 'tailnet.test' };
  directory.write('tailscaled.state', tailscaledState(node));
  const port = await freePort();
  const world = await startListening({
    stateDirectory: directory.path,
    tailscaled: { managed: false },
    listen: { type: 'userspace', plainHttp: true, port },
    ...more,
  });
  onTestFinished(() => world[Symbol.asyncDispose]());
  return { world, port };
};

test('beside a node of another name nothing is taken over, and nothing listens', async () => {
  await expect(startOn('login')).rejects.toThrow(
    /was login\.tailnet\.test, but tailscaled here is idp\.tailnet\.test: the issuer would change under every app/u,
  );
});

test('beside a node of the same name it is', async () => {
  const { world, port } = await startOn('idp');
  expect(world.issuer).toBe(`http://idp.tailnet.test:${port}`);
  expect(world.logged()).toContain(`took over the signing key ${kid}`);
});

test('and where somebody says what the issuer is', async () => {
  const issuer = 'http://login.tailnet.test';
  const { world } = await startOn('login', { issuer });
  expect(world.issuer).toBe(issuer);
  expect(world.logged()).toContain(`took over the signing key ${kid}`);
});
