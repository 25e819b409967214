import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Person } from './person.ts';

export interface Outcome {
  readonly text?: string;
  /** Why there is no text. */
  readonly refused?: string;
}

/** Somebody else's MCP client, running. */
export interface RealClient extends AsyncDisposable {
  call(tool: string, args: Readonly<Record<string, string>>): Promise<Outcome>;
}

/** As `conformance/clients/program.ts` reads them. */
export interface Settings {
  readonly url: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly documentUrl?: string;
  readonly machine?: Readonly<Record<string, string>>;
}

const limitMs = 60_000;

/** Runs a program of `conformance/clients`, which speaks JSON lines. */
export function startProgram(
  command: string,
  program: string,
  settings: Settings,
  person: Person,
): RealClient {
  const path = new URL(`../../conformance/clients/${program}`, import.meta.url).pathname;
  const child = spawn(command, [path, JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  const ended = once(child, 'close');
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += String(chunk);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const write = (line: object): void => void child.stdin.write(`${JSON.stringify(line)}\n`);
  const read = async (): Promise<Outcome & { readonly authorize?: string }> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${program} ended: ${errors}`);
    return JSON.parse(value);
  };
  return {
    async call(tool, args) {
      write({ tool, arguments: args });
      for (;;) {
        const line = await read();
        if (line.authorize === undefined) return line;
        const location = await person.open(line.authorize);
        write(location ? { redirected: location.href } : {});
      }
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}
