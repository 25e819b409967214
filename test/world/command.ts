import { join } from 'node:path';
import { findCommand } from '../../src/cli/commands.ts';
import type { World } from './world.ts';

/** Runs a command beside the running daemon, which it asks over the admin socket. */
export async function runCommand(
  world: World,
  ...argv: string[]
): Promise<{ code: number; out: string; err: string }> {
  const command = findCommand(argv);
  if (!command) throw new Error(`no command: ${argv.join(' ')}`);
  const said = { out: '', err: '' };
  const code = await command.run([...command.args, '--dir', join(world.directory, 'state')], {
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    env: {},
  });
  return { code, ...said };
}
