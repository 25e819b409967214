import { getPriority, setPriority } from 'node:os';
import type { Target } from './attack.ts';
import { attacks } from './attacks.ts';

/**
 * The attacker's process: `node bench/abuse/attacker.ts NAME TARGET`, the target as JSON. Says `begun`, later what was
 * answered. Ends by itself.
 */
async function main([name, json = '']: readonly string[]): Promise<void> {
  const attack = attacks.find((one) => one.name === name);
  if (!attack) throw new Error(`there is no attack "${name}"`);
  const target: Target = JSON.parse(json);
  // really it is another machine's work: whoever else wants the CPU comes first
  setPriority(Math.min(19, getPriority() + 10));
  const ending = new AbortController();
  const startTimer = () => {
    timer ??= setTimeout(() => ending.abort(), target.seconds * 1000);
  };
  let timer: NodeJS.Timeout | undefined;
  const answers = await attack.run(target, ending.signal, () => {
    if (timer !== undefined) return;
    startTimer();
    console.log('begun');
  });
  console.log(JSON.stringify(answers));
}

await main(process.argv.slice(2));
