import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { startAgents } from './agents.ts';
import { logIn, startWork } from './orchestrator.ts';

// npm run demo:agents; AGENTS_PORT=5000 moves everything there.

const port = Number(process.env['AGENTS_PORT'] || 4410);
const command = join(import.meta.dirname, '../../src/main.ts');

try {
  await using agents = await startAgents(port);
  const token = await logIn(agents.orchestrator);
  console.log('Alice starts the orchestrator, and is logged in without a click. Her token is for');
  console.log(`  ${decodeJwt(token).aud}, the research agent, alone.\n`);
  const text = await startWork(agents.orchestrator, token);
  console.log('It asks the coding agent, which reads a file through the MCP server:\n');
  console.log(`  ${text.trim().split('\n')[0]}\n`);
  console.log('What the MCP server logged of the call:\n');
  for (const call of agents.calls) console.log(`  ${call}`);
  const last = decodeJwt(agents.toolTokens[0] ?? '');
  console.log('\nWhat its token said of who acts:\n');
  console.log(JSON.stringify(last['act'], undefined, 2).replace(/^/gm, '  '));
  console.log(`\nThe same from the audit log (tsidp audit --chain ${last.jti}):\n`);
  const state = { ...process.env, TSIDP_STATE_DIR: agents.stateDirectory };
  const chain = [command, 'audit', '--chain', String(last.jti)];
  console.log(execFileSync(process.execPath, chain, { env: state, encoding: 'utf8' }));
} catch (error) {
  console.error(`agents: ${(error as Error).message}`);
  process.exitCode = 1;
}
