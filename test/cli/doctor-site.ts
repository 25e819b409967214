import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { startDaemon } from '../../src/daemon/daemon.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { createLogger } from '../../src/log.ts';
import type { TailnetInput } from '../../src/simulator/tailnet.ts';
import { freePort } from '../world/world.ts';
import { company, makeTailnetCli, policyOf } from './tailnet.ts';

interface Setup {
  readonly tailnet?: Partial<TailnetInput>;
  readonly config?: Record<string, unknown>;
}

/** A configuration of mode 0600 and a tailnet; `doctor` asks about both. */
export async function setUp({ tailnet, config }: Setup = {}) {
  const policy = policyOf({ 'bob@example.com': [{ clients: ['*'] }] });
  const cli = await makeTailnetCli({ ...company, policy, ...tailnet });
  const file = join(cli.parent, 'tsidp.jsonc');
  const port = await freePort();
  const written = {
    listen: { type: 'demo', port },
    access: 'granted',
    clients: [{ id: 'grafana', secret: 'a-secret-inline', redirectUris: ['https://g.test/cb'] }],
    ...config,
  };
  writeFileSync(file, JSON.stringify(written), { mode: 0o600 });
  const argv = ['--config', file, ...cli.socket, '--dir', cli.directory];
  return {
    ...cli,
    file,
    port,
    async startDaemon() {
      const daemon = await startDaemon(loadConfig({ argv, env: {} }), {
        clock: systemClock,
        log: createLogger({ level: 'error', destination: { write: () => undefined } }),
        socket: cli.socket[1]!,
        signal: new AbortController().signal,
      });
      onTestFinished(() => daemon.close());
    },
    /** Exit code, and the findings that are not fine. */
    async examine() {
      const { exitCode, out } = await cli.run(['doctor', ...argv, '--json']);
      const all: Finding[] = JSON.parse(out);
      return { exitCode, all, bad: all.filter(({ level }) => level !== 'ok') };
    },
    text: () => cli.run(['doctor', ...argv]),
  };
}
