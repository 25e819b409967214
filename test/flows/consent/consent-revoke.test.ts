import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findCommand } from '../../../src/cli/commands.ts';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { login, refresh, userinfo } from '../../world/login.ts';
import {
  ask,
  bobs,
  type Issued,
  isRefreshed,
  outcome,
  press,
  redeem,
  register,
  startStrangers,
} from '../../world/strangers-world.ts';
import type { World } from '../../world/world.ts';

async function logIn(world: World, address?: string, more: Record<string, string> = {}) {
  const browser = new Browser(address);
  const asked = await ask(world, { resource: '', scope: 'openid', ...more }, browser);
  return redeem(world, await press(world, asked));
}

async function command(world: World, ...argv: string[]): Promise<number | undefined> {
  const found = findCommand(argv);
  const io = { out: () => undefined, err: () => undefined };
  const env = { TSIDP_STATE_DIR: join(world.directory, 'state') };
  return found?.run(found.args, { ...io, env });
}

const works = async (world: World, { accessToken }: Issued): Promise<boolean> =>
  (await userinfo(world.issuer, accessToken)).status === 200;

test('tsidp consents revoke ends what was given, at once, and the page comes again', async () => {
  await using world = await startStrangers();
  await register(world, 'other');
  const alices = await logIn(world);
  const elsewhere = await logIn(world, undefined, { client_id: 'other' });
  const bobsTokens = await logIn(world, bobs);
  const grafana = await login(new Browser(), world.issuer);
  const pending = await ask(world, { resource: '', scope: 'openid' });
  expect(await works(world, alices)).toBe(true);

  const whose = ['--client', 'stranger', '--subject', 'userid:1'];
  expect(await command(world, 'consents', 'revoke', ...whose)).toBe(0);

  expect(await works(world, alices)).toBe(false);
  expect(await isRefreshed(world, alices)).toBe(false);
  // a code that was still on its way, too
  await expect(redeem(world, pending)).rejects.toThrow(/invalid_grant/u);
  expect((await ask(world, { resource: '', scope: 'openid' })).isPage).toBe(true);
  // and nothing else
  expect(await works(world, elsewhere)).toBe(true);
  expect(await works(world, bobsTokens)).toBe(true);
  expect(await isRefreshed(world, bobsTokens)).toBe(true);
  expect((await refresh(world.issuer, grafana.refreshToken)).status).toBe(200);
  const again = await ask(world, { resource: '', scope: 'openid' }, new Browser(bobs));
  expect(outcome(again)).toHaveProperty('code');
  expect(auditLog(world.directory).filter(({ reason }) => reason === 'revoked')).toMatchObject([
    { event: 'consent', subject: 'userid:1', detail: { by: 'cli' } },
  ]);
  expect(await command(world, 'consents', 'revoke', ...whose)).toBe(1);
});
