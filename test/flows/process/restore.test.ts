import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findCommand } from '../../../src/cli/commands.ts';
import { Browser } from '../../world/browser.ts';
import { openSite, type Site } from '../../world/daemon-process.ts';
import {
  codeFor,
  isActive,
  json,
  login,
  redeem,
  refresh,
  tokensOf,
  userinfo,
} from '../../world/login.ts';

async function tsidp({ stateDirectory }: Site, ...argv: string[]): Promise<string> {
  const command = findCommand(argv);
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const env = { TSIDP_STATE_DIR: stateDirectory };
  expect([await command?.run(command.args, { out: say, err: say, env }), said]).toEqual([0, said]);
  return said.join('');
}

it('a backup of a running daemon, restored, honours the tokens, sessions and keys of then', async () => {
  await using site = await openSite();
  const { issuer } = site;
  const first = await site.start();
  const browser = new Browser();
  const tokens = await login(browser, issuer);
  const unused = await codeFor(browser, issuer);
  expect(await tsidp(site, 'health')).toBe('ready\n');

  // in the middle of logins
  const storm = Promise.all(Array.from({ length: 8 }, () => login(new Browser(), issuer)));
  const file = join(site.directory, 'backup.db');
  await tsidp(site, 'backup', file);
  await storm;

  const late = await login(new Browser('127.0.0.2'), issuer);
  const rotated = tokensOf(await refresh(issuer, tokens.refreshToken));
  await first.kill('SIGTERM');
  expect(await tsidp(site, 'restore', file)).toContain('restored');
  await site.start();

  // of before: access token, unused code, session, and the refresh token that was not rotated yet
  expect(json(await userinfo(issuer, tokens.accessToken))['sub']).toBe('userid:1');
  expect(tokensOf(await redeem(issuer, unused)).claims['sub']).toBe('userid:1');
  const again = await login(browser, issuer);
  expect(again.claims['auth_time']).toBe(tokens.claims['auth_time']);
  expect(tokensOf(await refresh(issuer, tokens.refreshToken)).claims['sub']).toBe('userid:1');
  // of after: as if it had never been
  expect(await isActive(issuer, late.accessToken)).toBe(false);
  expect(await isActive(issuer, rotated.accessToken)).toBe(false);
});
