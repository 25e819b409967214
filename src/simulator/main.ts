import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { realMissMs, Simulator } from './server.ts';
import { loadTailnet } from './tailnet.ts';

// `node src/simulator/main.ts --tailnet FILE --socket PATH [--miss-ms 180]`: a simulated tailscaled as a process of
// its own, which takes as long as the real one over a connection that it does not know.

const banner = `
  *********************************************************************
  *  SIMULATED TAILNET. Nothing here is authenticated: identities are *
  *  whatever the tailnet file says. For demos and tests only.        *
  *********************************************************************
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      tailnet: { type: 'string' },
      socket: { type: 'string' },
      'miss-ms': { type: 'string', default: String(realMissMs) },
    },
  });
  const missMs = Number(values['miss-ms']);
  if (!values.tailnet || !values.socket || !(missMs >= 0)) {
    throw new Error(
      'usage: node src/simulator/main.ts --tailnet FILE --socket PATH [--miss-ms MILLISECONDS]',
    );
  }
  const file = resolve(values.tailnet);
  const simulator = await Simulator.start({ tailnet: file, socketPath: resolve(values.socket) });
  simulator.missMs = missMs;
  process.on('SIGHUP', () => {
    loadTailnet(file).then(
      (tailnet) => {
        simulator.replaceTailnet(tailnet);
        console.log('reloaded');
      },
      (error: unknown) => console.error(`kept the old tailnet: ${(error as Error).message}`),
    );
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void simulator.stop());
  }
  console.log(`${banner}\n  ${file} on ${simulator.socketPath}`);
  console.log('ready');
}

try {
  await main();
} catch (error) {
  console.error(`simulator: ${(error as Error).message}`);
  process.exitCode = 1;
}
