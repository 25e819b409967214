import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Answers, Target } from './attack.ts';

export interface Attacker {
  /** What it got, once it has ended: by itself, or not in time. */
  end(): Promise<{ readonly answers: Answers; readonly ended: boolean }>;
}

/** To begin, and to end once its time is over. */
const patienceMs = 60_000;

/** @throws Error when it does not begin */
export async function startAttacker(name: string, target: Target): Promise<Attacker> {
  const program = join(import.meta.dirname, 'attacker.ts');
  const child = spawn(process.execPath, [program, name, JSON.stringify(target)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  // its output ends with it
  const beginning = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  const first = await lines.next();
  clearTimeout(beginning);
  if (first.value !== 'begun') throw new Error(`the attacker "${name}" did not begin`);
  return {
    async end() {
      const timer = setTimeout(() => child.kill('SIGKILL'), target.seconds * 1000 + patienceMs);
      const { value } = await lines.next();
      const [exitCode] = await exit;
      clearTimeout(timer);
      return { answers: value === undefined ? {} : JSON.parse(value), ended: exitCode === 0 };
    },
  };
}
