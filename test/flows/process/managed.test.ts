import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { authKey, isAlive, makeStandIn, type Site as StandIn } from '../../peer/managed-site.ts';
import { Browser } from '../../world/browser.ts';
import { openSite } from '../../world/daemon-process.ts';
import { login } from '../../world/login.ts';
import { until } from '../../world/until.ts';

const managed = ({ program }: StandIn, more: object = {}) => ({
  tailscaled: { managed: true, path: program, authKey, ...more },
});

const lastPid = (standIn: StandIn) => standIn.pids().at(-1) ?? 0;

it('a daemon that runs its own tailscaled logs people in through it, and takes it along', async () => {
  const standIn = makeStandIn();
  await using site = await openSite(managed(standIn));
  const run = await site.start();
  expect(await login(new Browser(), site.issuer)).toMatchObject({ claims: { sub: 'userid:1' } });
  expect(readFileSync(join(site.stateDirectory, 'tailscaled.state'), 'utf8')).toBe('{}\n');
  expect(run.out()).not.toContain(authKey);

  expect(await run.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(isAlive(lastPid(standIn))).toBe(false);
  expect(existsSync(join(site.stateDirectory, 'tailscaled.pid'))).toBe(false);

  const again = await site.start();
  expect(standIn.noted('POST start')).toHaveLength(1);
  await again.kill('SIGTERM');
});

it('warns of nothing at its first start, which waits for the control server', async () => {
  const standIn = makeStandIn({ loginMs: 1500 });
  await using site = await openSite(managed(standIn));
  const run = await site.start();
  expect(run.out()).toContain('logging the node in with the auth key');
  expect(run.out()).not.toMatch(/"level":"(?:warn|error)"/u);
  await run.kill('SIGTERM');
});

it('has no TUN, so the daemon stands behind tailscale serve, under the name of its node', async () => {
  const standIn = makeStandIn();
  await using site = await openSite({ ...managed(standIn), listen: { plainHttp: true } });
  const run = await site.start();
  expect(run.out()).toMatch(/plain HTTP behind tailscale serve, port 80/);
  expect(run.out()).toContain('"issuer":"http://idp.tailnet.test"');
  expect(JSON.stringify(standIn.noted('POST serve-config'))).toContain(
    `unix:${site.stateDirectory}/`,
  );
  expect(await run.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});

it('logins come back by themselves when its tailscaled died', async () => {
  const standIn = makeStandIn();
  await using site = await openSite(managed(standIn));
  const run = await site.start();
  process.kill(lastPid(standIn), 'SIGKILL');
  await until('its death is told', () => /tailscaled .* died: it was killed/.test(run.out()));
  await until('logins work', () => login(new Browser(), site.issuer).catch(() => false), 10_000);
  await run.kill('SIGTERM');
  expect(isAlive(lastPid(standIn))).toBe(false);
});

it('what a killed daemon left running is ended by the next', async () => {
  const standIn = makeStandIn();
  await using site = await openSite(managed(standIn));
  const first = await site.start();
  const abandoned = lastPid(standIn);
  await first.kill('SIGKILL');
  expect(isAlive(abandoned)).toBe(true);
  const second = await site.start();
  expect(isAlive(abandoned)).toBe(false);
  await login(new Browser(), site.issuer);
  await second.kill('SIGTERM');
});

it('a tailscaled that cannot run ends the start with one clear word', async () => {
  const standIn = makeStandIn({ mode: 'die' });
  await using site = await openSite(managed(standIn));
  const { code, err } = await site.startInVain();
  expect(code).toBe(1);
  expect(err).toMatch(
    /^tsidp: tailscaled \(\S+\) died \(3 times in a row\): it ended with exit code 2/,
  );
  expect(err).toContain('flag provided but not defined: -nonsense');
  expect(err).not.toMatch(/\n\s+at /);
  expect(err).not.toContain(authKey);
});
