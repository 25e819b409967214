import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trustFindings } from '../../src/doctor/trust.ts';
import { load } from '../config/load.ts';
import { setUp } from './doctor-site.ts';
import { makeCli } from './run.ts';

test('T35 doctor and config check tell of allowSelf', async () => {
  const { startDaemon, examine } = await setUp({ config: { allowSelf: true } });
  await startDaemon();
  const { exitCode, bad } = await examine();
  expect(exitCode).toBe(0);
  expect(bad).toEqual([
    {
      level: 'warning',
      topic: 'allowSelf',
      text: expect.stringMatching(/every program and container on this machine/u),
      remedy: expect.stringMatching(/leave allowSelf out/u),
    },
  ]);
});

test('config check prints what is trusted', async () => {
  const cli = makeCli();
  const file = join(cli.parent, 'tsidp.jsonc');
  const listen = { type: 'tailnet', trustedProxies: ['tag:proxy'] };
  writeFileSync(file, JSON.stringify({ allowSelf: true, listen }));
  const { exitCode, out } = await cli.run(['config', 'check', '--config', file]);
  expect(exitCode).toBe(0);
  expect(JSON.parse(out).warnings).toEqual([
    expect.stringMatching(/^allowSelf: /u),
    expect.stringMatching(/^listen\.trustedProxies: whoever controls tag:proxy/u),
  ]);
});

test('T34 doctor names the nodes that are trusted as proxies', () => {
  const config = load({
    listen: {
      type: 'tailnet',
      trustedProxies: ['tag:proxy', 'nBobCNTRL', 'tag:gone', 'nFarCNTRL'],
    },
  });
  const peer = { tags: [], sharee: false };
  const findings = trustFindings(config, [
    { ...peer, stableId: 'nProxyCNTRL', name: 'proxy.tailnet.test', tags: ['tag:proxy'] },
    { ...peer, stableId: 'nBobCNTRL', name: 'bob.tailnet.test' },
    { ...peer, stableId: 'nFarCNTRL', name: 'far.other.test', sharee: true },
  ]);
  expect(findings.map(({ level, text }) => [level, text])).toEqual([
    ['ok', 'tag:proxy is proxy.tailnet.test'],
    ['warning', 'whoever controls proxy.tailnet.test can log in as anybody'],
    ['ok', 'nBobCNTRL is bob.tailnet.test'],
    ['warning', 'whoever controls bob.tailnet.test can log in as anybody'],
    ['problem', expect.stringMatching(/no node of this tailnet is tag:gone/u)],
    ['problem', expect.stringMatching(/no node of this tailnet is nFarCNTRL/u)],
  ]);
});
