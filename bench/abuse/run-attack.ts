import { setTimeout as pause } from 'node:timers/promises';
import { percentile, rssMiBOf } from '../measure.ts';
import { type Bench, startBench } from '../processes.ts';
import type { Attack } from './attack.ts';
import { startAttacker } from './attacker-process.ts';
import { abuseCaseOf } from './attacks.ts';
import { tailnet } from './people.ts';
import { beyond, growth, readStored, type Stored, sumOf } from './stored.ts';
import type { AbuseResult } from './verdict.ts';
import { refusedVisit, type Visited, visitQuickly, visitSteadily } from './victim.ts';
import { freePorts, startVictims } from './victims.ts';

export interface AbuseRun {
  readonly quick: boolean;
  readonly profileDirectory: string | undefined;
}

/** So many logins a second leave a warm daemon idle most of the time. */
const perSecond = 25;
const usual = { warmUpVisits: 1500, seconds: 12 };
const short = { warmUpVisits: 50, seconds: 3 };
const usualSettleSeconds = 2;
const minutesPerDay = 1440;
/** What one peer may cause in a minute comes at its beginning, however short the attack. */
const minutesOf = (seconds: number): number => Math.max(1, seconds / 60);

/**
 * A daemon of its own for each attack: victims visit it at a steady rate, in quiet first and then attacked by
 * another process for as long.
 * @throws Error when it does not even work in quiet
 */
export async function runAttack(attack: Attack, run: AbuseRun): Promise<AbuseResult> {
  const { warmUpVisits, seconds } = run.quick ? short : usual;
  await using victims = await startVictims(attack.victims);
  const sitePorts = await freePorts(attack.sites ?? 0);
  let logBytes = 0;
  await using bench = await startBench({
    algorithm: 'RS256',
    listener: attack.listener,
    profileDirectory: run.profileDirectory,
    tailnet,
    onLog: (chunk) => {
      logBytes += chunk.length;
    },
    settings: {
      // as they are everywhere
      limits: {},
      ...attack.settings,
      log: { level: 'info' },
      metadataDocuments: {
        allowedHosts: [...victims.sitePorts, ...sitePorts].map((port) => `127.0.0.1:${port}`),
      },
    },
  });
  const { visit, afterwards } = await victims.settle(bench);
  await visitQuickly(visit, warmUpVisits);
  // a running daemon has refused somebody, too
  await visitQuickly(refusedVisit(bench.way), warmUpVisits);

  const steady = { perSecond, seconds };
  const before = readStored(bench.stateDirectory);
  const quiet = await visitSteadily(visit, steady);
  if (quiet.refusals.length > 0) throw new Error(`refused in quiet: ${quiet.refusals[0]}`);
  const between = readStored(bench.stateDirectory);
  const rssMiBQuiet = rssMiBOf(bench.pid);

  logBytes = 0;
  const watch = watchRss(bench);
  const target = targetOf(bench, sitePorts, seconds);
  const attacker = await startAttacker(attack.name, target);
  const attacked = await visitSteadily(visit, steady);
  const { answers, ended } = await attacker.end();
  const logKiBPerMinute = logBytes / 1024 / minutesOf(seconds);
  const attackedStored = readStored(bench.stateDirectory);
  await pause((run.quick ? 1 : (attack.settleSeconds ?? usualSettleSeconds)) * 1000);
  const refusals = [...attacked.refusals, ...(await afterwards())];
  const rssMiBPeak = watch.stop();
  return {
    case: abuseCaseOf(attack),
    listener: attack.listener,
    seconds,
    attacker: answers,
    ...latencies(quiet, attacked),
    refusals: refusals.length,
    ...(refusals[0] === undefined ? {} : { firstRefusal: refusals[0] }),
    rssMiBQuiet: rounded(rssMiBQuiet, 1),
    rssMiBPeak: rounded(rssMiBPeak, 1),
    rssMiBAfter: bench.hasEnded() ? 0 : rounded(rssMiBOf(bench.pid), 1),
    ...left(
      { before, between, attacked: attackedStored, after: readStored(bench.stateDirectory) },
      attack.settleSeconds !== undefined && !run.quick,
      seconds,
    ),
    logKiBPerMinute: rounded(logKiBPerMinute, 0),
    daemonEnded: bench.hasEnded(),
    attackerEnded: ended,
  };
}

function latencies(quiet: Visited, attacked: Visited) {
  const quietP99Ms = percentile(quiet.latenciesMs, 0.99);
  const p99Ms = percentile(attacked.latenciesMs, 0.99);
  return {
    visits: attacked.latenciesMs.length,
    quietP50Ms: rounded(percentile(quiet.latenciesMs, 0.5), 2),
    quietP99Ms: rounded(quietP99Ms, 2),
    p50Ms: rounded(percentile(attacked.latenciesMs, 0.5), 2),
    p99Ms: rounded(p99Ms, 2),
    p99Ratio: rounded(p99Ms / quietP99Ms, 2),
  };
}

interface Phases {
  readonly before: Stored;
  readonly between: Stored;
  readonly attacked: Stored;
  readonly after: Stored;
}

function left({ before, between, attacked, after }: Phases, isSwept: boolean, seconds: number) {
  const quietBytes = growth(before.bytes, between.bytes);
  const attackedBytes = growth(between.bytes, attacked.bytes);
  const leftKiB = sumOf(beyond(quietBytes, growth(between.bytes, after.bytes))) / 1024;
  return {
    storedKiB: rounded(sumOf(beyond(quietBytes, attackedBytes)) / 1024, 0),
    leftRows: beyond(growth(before.rows, between.rows), growth(between.rows, after.rows)),
    leftKiB: rounded(leftKiB, 0),
    ...(isSwept
      ? { leftMiBPerDay: rounded((leftKiB / 1024) * (minutesPerDay / minutesOf(seconds)), 0) }
      : {}),
    filesMiB: rounded(after.fileBytes / 2 ** 20, 1),
  };
}

function watchRss(bench: Bench): { stop(): number } {
  let peak = 0;
  const look = () => {
    if (!bench.hasEnded()) peak = Math.max(peak, rssMiBOf(bench.pid));
  };
  const timer = setInterval(look, 100);
  return {
    stop() {
      clearInterval(timer);
      look();
      return peak;
    },
  };
}

function targetOf({ way, client, stateDirectory }: Bench, sitePorts: number[], seconds: number) {
  return {
    host: '127.0.0.1',
    port: Number(way.options.port ?? 0),
    socketPath: `${stateDirectory}/serve/serve.sock`,
    issuer: way.issuer,
    client: { id: client.id, redirectUri: client.redirectUri },
    sitePorts,
    seconds,
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
