import { cpuMsOf, percentile } from './measure.ts';
import { startBench } from './processes.ts';
import { cpuMsPerRs256Signature } from './signature.ts';
import { type App, type Ask, appOf, type TokenCase, tokenCases } from './token-cases.ts';
import type { ListenerKind, Way } from './way.ts';

/** What machines and the servers of apps ask for, each for itself: one request after another on 16 connections. */

export interface TokenResult {
  readonly case: string;
  readonly listener: string;
  readonly connections: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the daemon. */
  readonly cpuMsPerRequest: number;
  readonly cpuMsPerRs256Signature: number;
}

export interface TokenRun {
  readonly listener: ListenerKind;
  readonly profileDirectory: string | undefined;
  readonly quick: boolean;
}

export const tokenCaseNames = tokenCases.map(({ name }) => name);

const connections = 16;
const limitMs = 120_000;
const resource = 'https://mcp.tailnet.test/mcp';

/** Clients and resources of all cases; the demo's policy lets alice and the CI machine have what they ask for. */
const settings = {
  resources: [
    { uri: resource, scopes: { read: 'Read' }, openScopes: ['read'] },
    { uri: 'http://127.0.0.1:4402/mcp', scopes: { read_file: 'Read files' } },
  ],
};

/** @throws Error when a request fails, or all take longer than two minutes */
export async function runTokens(one: TokenCase, options: TokenRun): Promise<TokenResult> {
  const { listener, profileDirectory, quick } = options;
  const requests = quick ? 50 : 5000;
  const perSignatureMs = cpuMsPerRs256Signature();
  const bench = { algorithm: 'RS256', listener, profileDirectory } as const;
  const app = appOf();
  await using running = await startBench({
    ...bench,
    settings: { ...settings, clients: [app.config] },
  });
  const { way, pid } = running;
  const signal = AbortSignal.timeout(limitMs);
  await repeat(one, { way, app, count: quick ? 50 : 5000, signal });
  const cpuBeforeMs = cpuMsOf(pid);
  const startMs = performance.now();
  const latenciesMs = await repeat(one, { way, app, count: requests, signal });
  const durationMs = performance.now() - startMs;
  const cpuMs = cpuMsOf(pid) - cpuBeforeMs;
  return {
    case: one.name,
    listener,
    connections,
    requests,
    requestsPerSecond: Math.round((requests * 1000) / durationMs),
    p50Ms: Number(percentile(latenciesMs, 0.5).toFixed(2)),
    p99Ms: Number(percentile(latenciesMs, 0.99).toFixed(2)),
    cpuMsPerRequest: Number((cpuMs / requests).toFixed(3)),
    cpuMsPerRs256Signature: Number(perSignatureMs.toFixed(4)),
  };
}

interface Repeated {
  readonly way: Way;
  readonly app: App;
  readonly count: number;
  readonly signal: AbortSignal;
}

/** Latencies in milliseconds. The few logins that a case begins with are in the CPU time, not in the latencies. */
async function repeat(one: TokenCase, { way, app, count, signal }: Repeated): Promise<number[]> {
  const latenciesMs: number[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    const agent = way.createAgent();
    try {
      const ask: Ask = await one.begin({ way, agent, app, resource, signal });
      while (begun < count) {
        begun += 1;
        const startMs = performance.now();
        await ask();
        latenciesMs.push(performance.now() - startMs);
      }
    } finally {
      agent.destroy();
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return latenciesMs;
}
