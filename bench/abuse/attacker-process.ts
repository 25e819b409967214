import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
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
  const first = await Promise.race([lines.next(), pause(patienceMs, { value: 'nothing' })]);
  if (first.value !== 'begun') {
    child.kill('SIGKILL');
    throw new Error(`the attacker "${name}" did not begin`);
  }
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
