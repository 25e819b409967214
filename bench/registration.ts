import type { Agent } from 'node:http';
import { cpuMsOf, percentile } from './measure.ts';
import { startBench } from './processes.ts';
import { cpuMsPerRs256Signature } from './signature.ts';
import type { ListenerKind, Way } from './way.ts';

/** Clients that register themselves (RFC 7591), as MCP clients do: each one a row on disk before it is answered. */
export const registrationCase = 'registration';

export interface RegistrationResult {
  readonly case: typeof registrationCase;
  readonly listener: string;
  readonly connections: number;
  readonly registrations: number;
  readonly registrationsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the daemon. */
  readonly cpuMsPerRegistration: number;
  readonly cpuMsPerRs256Signature: number;
}

export interface RegistrationRun {
  readonly listener: ListenerKind;
  readonly profileDirectory: string | undefined;
  readonly quick: boolean;
}

const connections = 16;
const limitMs = 120_000;

const metadata = JSON.stringify({
  client_name: 'Bench agent',
  redirect_uris: ['http://localhost:8787/callback', 'https://agent.test/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
});

/** @throws Error when a registration fails, or all take longer than two minutes */
export async function runRegistrations(options: RegistrationRun): Promise<RegistrationResult> {
  const { listener, profileDirectory, quick } = options;
  const registrations = quick ? 50 : 2000;
  const perSignatureMs = cpuMsPerRs256Signature();
  // one peer makes them all: nobody else would have so much room
  const registration = { perPeer: 100_000, total: 100_000, perMinute: 10_000 };
  await using bench = await startBench({
    algorithm: 'RS256',
    listener,
    profileDirectory,
    settings: { registration },
  });
  const { way, pid } = bench;
  const signal = AbortSignal.timeout(limitMs);
  await register(way, quick ? 50 : 500, signal);
  const cpuBeforeMs = cpuMsOf(pid);
  const startMs = performance.now();
  const latenciesMs = await register(way, registrations, signal);
  const durationMs = performance.now() - startMs;
  const cpuMs = cpuMsOf(pid) - cpuBeforeMs;
  return {
    case: registrationCase,
    listener,
    connections,
    registrations,
    registrationsPerSecond: Math.round((registrations * 1000) / durationMs),
    p50Ms: Number(percentile(latenciesMs, 0.5).toFixed(2)),
    p99Ms: Number(percentile(latenciesMs, 0.99).toFixed(2)),
    cpuMsPerRegistration: Number((cpuMs / registrations).toFixed(3)),
    cpuMsPerRs256Signature: Number(perSignatureMs.toFixed(4)),
  };
}

/** Latencies in milliseconds. */
async function register(way: Way, count: number, signal: AbortSignal): Promise<number[]> {
  const latenciesMs: number[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    const agent = way.createAgent();
    try {
      while (begun < count) {
        begun += 1;
        const startMs = performance.now();
        await registerOne(way, agent, signal);
        latenciesMs.push(performance.now() - startMs);
      }
    } finally {
      agent.destroy();
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return latenciesMs;
}

function registerOne(way: Way, agent: Agent, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sent = way.request(
    {
      ...way.options,
      path: '/register',
      method: 'POST',
      agent,
      signal,
      headers: {
        ...way.headers,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(metadata),
      },
    },
    (response) => {
      response.setEncoding('utf8');
      let body = '';
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 201) resolve();
        else reject(new Error(`/register answered ${response.statusCode}: ${body.slice(0, 500)}`));
      });
    },
  );
  sent.on('error', reject);
  sent.end(metadata);
  return promise;
}
