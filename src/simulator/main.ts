import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Simulator } from './server.ts';
import { loadTailnet } from './tailnet.ts';

// `node src/simulator/main.ts --tailnet FILE --socket PATH`: a simulated tailscaled as a process of its own.

const banner = `
  *********************************************************************
  *  SIMULATED TAILNET. Nothing here is authenticated: identities are *
  *  whatever the tailnet file says. For demos and tests only.        *
  *********************************************************************
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { tailnet: { type: 'string' }, socket: { type: 'string' } },
  });
  if (!values.tailnet || !values.socket) {
    throw new Error('usage: node src/simulator/main.ts --tailnet FILE --socket PATH');
  }
  const file = resolve(values.tailnet);
  const simulator = await Simulator.start({ tailnet: file, socketPath: resolve(values.socket) });
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
