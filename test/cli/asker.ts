import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { tokenExchangeGrant } from '../../src/protocol/grant-types.ts';
import { company, makeTailnetCli, policyOf } from './tailnet.ts';

export const mcp = 'https://mcp.test';
export const deploy = 'https://deploy.test';
const configuration = {
  resources: [
    { uri: mcp, scopes: { read: 'Read', run: 'Run', ping: 'Ping' }, openScopes: ['ping'] },
    { uri: deploy, scopes: { staging: 'Deploy to staging' } },
  ],
  clients: [
    { id: 'console', redirectUris: ['https://console.test/cb'], mayAct: { tags: ['tag:prod'] } },
    { id: 'builder', peer: { tags: ['tag:ci'] } },
    { id: 'web', peer: { tags: ['tag:web'] } },
    { id: 'exchanger', peer: { tags: ['tag:ci'] }, grantTypes: [tokenExchangeGrant] },
  ],
};

export type Rules = Parameters<typeof policyOf>[0];

/** The same question, live and to files; the answers must be the same. */
export async function makeAsker(rules: Rules, config: Record<string, unknown> = {}) {
  const policy = policyOf(rules);
  const cli = await makeTailnetCli({ ...company, policy });
  const paths = ['tsidp.jsonc', 'tailnet.json', 'policy.hujson'].map((name) =>
    join(cli.parent, name),
  ) as [string, string, string];
  writeFileSync(paths[0], JSON.stringify({ ...configuration, ...config }));
  writeFileSync(paths[1], JSON.stringify(company));
  writeFileSync(paths[2], JSON.stringify(policy));
  const base = ['explain', '--config', paths[0]];
  const run = async (...argv: string[]) => {
    const live = await cli.run([...base, ...cli.socket, ...argv]);
    const offline = await cli.run([
      ...[...base, '--tailnet', paths[1], '--policy', paths[2]],
      ...argv,
    ]);
    expect([offline.exitCode, offline.out]).toEqual([live.exitCode, live.out]);
    return live;
  };
  return {
    run,
    /** The text, and the first explanation. */
    async ask(...argv: string[]) {
      const { out, err, exitCode } = await run(...argv);
      expect([exitCode, err]).toEqual([0, '']);
      const all = JSON.parse((await run(...argv, '--json')).out);
      return { out, all, first: all[0] };
    },
  };
}

/** The grant that the text suggests. */
export function suggested(grant: string): object {
  return JSON.parse(grant.replaceAll(/,(\s*[}\]])/g, '$1').replace(/,\s*$/, ''));
}

export function capabilityOf(grant: string): unknown {
  const { app } = suggested(grant) as { app: Record<string, unknown> };
  return app['tailscale.com/cap/tsidp'];
}
