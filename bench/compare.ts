import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { drive as Drive } from './driver.ts';
import { cpuNsOf, percentile } from './measure.ts';
import type { Algorithm, Bench, startBench as StartBench } from './processes.ts';

const usage = `node bench/compare.ts [--algorithm RS256|ES256] [--rounds N] [--warm-up N] BEFORE [AFTER]

  Two checkouts with their node_modules side by side: a daemon of each, both warm, logins in turns. Says the CPU time
  of AFTER (default: this one) by that of BEFORE, as the median of neighbouring turns, so that other work on the
  machine counts for both. The same checkout twice shows how far to trust it.
`;

const connections = 16;
const turnLogins = 300;
const limitMs = 1_800_000;

interface Side {
  readonly bench: Bench;
  readonly drive: typeof Drive;
  /** CPU time of a login, one a turn. */
  readonly cpuMs: number[];
}

async function start(directory: string, algorithm: Algorithm): Promise<Side> {
  const from = (file: string) => import(`${resolve(directory)}/bench/${file}`);
  const { startBench }: { startBench: typeof StartBench } = await from('processes.ts');
  const { drive }: { drive: typeof Drive } = await from('driver.ts');
  const bench = await startBench({ algorithm, listener: 'demo', profileDirectory: undefined });
  return { bench, drive, cpuMs: [] };
}

async function run({ bench, drive, cpuMs }: Side, logins: number, signal: AbortSignal) {
  const before = cpuNsOf(bench.pid);
  const { way, client } = bench;
  await drive({ way, client, connections, visit: 'returning', logins, signal });
  cpuMs.push((cpuNsOf(bench.pid) - before) / 1e6 / logins);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      algorithm: { type: 'string', default: 'RS256' },
      rounds: { type: 'string', default: '24' },
      'warm-up': { type: 'string', default: '8000' },
    },
  });
  const [before, after = resolve(import.meta.dirname, '..')] = positionals;
  if (before === undefined || positionals.length > 2) {
    process.stderr.write(usage);
    return 2;
  }
  const algorithm: Algorithm = values.algorithm === 'ES256' ? 'ES256' : 'RS256';
  const signal = AbortSignal.timeout(limitMs);
  await using undo = new AsyncDisposableStack();
  const sides: Side[] = [];
  for (const directory of [before, after]) {
    const side = await start(directory, algorithm);
    undo.use(side.bench);
    sides.push(side);
    await run(side, Number(values['warm-up']), signal);
    side.cpuMs.length = 0;
  }
  for (let round = 0; round < Number(values.rounds); round += 1) {
    // each is first in every other round
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      await run(side, turnLogins, signal);
    }
  }
  const [one, two] = sides.map(({ cpuMs }) => cpuMs) as [number[], number[]];
  const quotients = two.map((value, index) => value / (one[index] as number));
  const result = {
    algorithm,
    leastCpuMsBefore: Math.min(...one),
    leastCpuMsAfter: Math.min(...two),
    medianQuotient: percentile(quotients, 0.5),
    quartiles: [percentile(quotients, 0.25), percentile(quotients, 0.75)],
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return 0;
}

process.exitCode = await main();
