import type { Case } from './cases.ts';
import { type Driven, type DriveOptions, drive } from './driver.ts';
import { cpuMsOf, percentile, rssMiBOf } from './measure.ts';
import { type Bench, startBench } from './processes.ts';
import { cpuMsPerRs256Signature } from './signature.ts';
import type { ListenerKind } from './way.ts';

/** One line of output. Latencies are of whole logins, CPU and memory of the daemon alone. */
export interface Result {
  readonly case: string;
  readonly listener: string;
  readonly algorithm: string;
  readonly connections: number;
  readonly visit: string;
  /** Before the measured ones. */
  readonly warmUpLogins: number;
  readonly logins: number;
  readonly loginsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMsPerLogin: number;
  /** When it became ready. */
  readonly rssMiBAtStart: number;
  readonly rssMiBHalfway: number;
  readonly rssMiBAfter: number;
  readonly cpuMsPerRs256Signature: number;
  /** `cpuMsPerLogin` in RS256 signatures. */
  readonly signaturesPerLogin: number;
  readonly startToReadyMs: number;
}

export interface RunOptions {
  /** Logins before the measured ones, until the code is compiled. */
  readonly warmUpLogins: number;
  readonly profileDirectory: string | undefined;
  readonly listener: ListenerKind;
}

const caseLimitMs = 300_000;

/** @throws Error when a login fails, or the case takes longer than five minutes */
export async function runCase(one: Case, options: RunOptions): Promise<Result> {
  const { algorithm, connections, visit, logins } = one;
  const perSignatureMs = cpuMsPerRs256Signature();
  const { listener, profileDirectory } = options;
  await using bench = await startBench({ algorithm, listener, profileDirectory });
  const rssMiBAtStart = rssMiBOf(bench.pid);
  const common = { connections, visit, signal: AbortSignal.timeout(caseLimitMs) };
  await run(bench, { ...common, logins: options.warmUpLogins });

  const first = await run(bench, { ...common, logins: Math.floor(logins / 2) });
  const second = await run(bench, { ...common, logins: Math.ceil(logins / 2) });
  const latenciesMs = [...first.latenciesMs, ...second.latenciesMs];
  const cpuMsPerLogin = (first.cpuMs + second.cpuMs) / logins;
  return {
    case: one.name,
    listener,
    algorithm,
    connections,
    visit,
    warmUpLogins: options.warmUpLogins,
    logins,
    loginsPerSecond: rounded((logins * 1000) / (first.durationMs + second.durationMs), 0),
    p50Ms: rounded(percentile(latenciesMs, 0.5), 2),
    p99Ms: rounded(percentile(latenciesMs, 0.99), 2),
    cpuMsPerLogin: rounded(cpuMsPerLogin, 3),
    rssMiBAtStart: rounded(rssMiBAtStart, 1),
    rssMiBHalfway: rounded(first.rssMiB, 1),
    rssMiBAfter: rounded(second.rssMiB, 1),
    cpuMsPerRs256Signature: rounded(perSignatureMs, 4),
    signaturesPerLogin: rounded(cpuMsPerLogin / perSignatureMs, 2),
    startToReadyMs: rounded(bench.startToReadyMs, 0),
  };
}

interface Run extends Driven {
  readonly cpuMs: number;
  /** At its end. */
  readonly rssMiB: number;
}

async function run(
  { way, client, pid }: Bench,
  options: Omit<DriveOptions, 'way' | 'client'>,
): Promise<Run> {
  const before = cpuMsOf(pid);
  const driven = await drive({ ...options, way, client });
  return { ...driven, cpuMs: cpuMsOf(pid) - before, rssMiB: rssMiBOf(pid) };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
