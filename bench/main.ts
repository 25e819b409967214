import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Attack } from './abuse/attack.ts';
import { abuseCase, abuseCaseNames, abuseCaseOf, attacks } from './abuse/attacks.ts';
import { runAttack } from './abuse/run-attack.ts';
import { brokenBy, readAbuseBudgets } from './abuse/verdict.ts';
import { exceeded, readBudgets } from './budgets.ts';
import { type Case, cases } from './cases.ts';
import { registrationCase, runRegistrations } from './registration.ts';
import { runCase } from './run-case.ts';
import { type TokenCase, tokenCases } from './token-cases.ts';
import { runTokens, tokenCaseNames } from './tokens.ts';
import { type ListenerKind, listenerKinds } from './way.ts';

const usage = `npm run bench -- [--case NAME]... [--listener NAME] [--quick] [--check] [--profile DIR]

  --case NAME      only this case; may be repeated: ${[...cases.map(({ name }) => name), registrationCase, ...tokenCaseNames, ...abuseCaseNames].join(', ')}
  --listener NAME  through which it is reached: ${listenerKinds.join(', ')}; default demo
  --quick          few logins: shows that everything works, the numbers mean nothing
  --check          exit code 1 when a result exceeds bench/budgets.json or bench/abuse/budgets.json; with --quick:
                   when an attack leads to refusals, or to more memory, rows or log lines than it may
  --profile DIR    the daemon writes a CPU profile (V8's format) there
`;

/** A running daemon is what is measured: V8 compiles for the first 4000 logins, at a fifth more CPU. */
const warmUpLogins = 8000;
const quickLogins = 50;

const otherCases: readonly string[] = [registrationCase, ...tokenCaseNames, ...abuseCaseNames];

interface Options {
  readonly chosen: readonly Case[];
  readonly registration: boolean;
  readonly tokens: readonly TokenCase[];
  readonly attacks: readonly Attack[];
  readonly listener: ListenerKind;
  readonly quick: boolean;
  readonly check: boolean;
  readonly profileDirectory: string | undefined;
}

/** @throws Error for flags that there are not */
function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', multiple: true },
      listener: { type: 'string', default: 'demo' },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const chosen = values.case
    ?.filter((name) => !otherCases.includes(name))
    .map((name) => {
      const found = cases.find((one) => one.name === name);
      if (!found) throw new Error(`there is no case "${name}"\n\n${usage}`);
      return found;
    });
  const listener = listenerKinds.find((kind) => kind === values.listener);
  if (!listener) throw new Error(`there is no listener "${values.listener}"\n\n${usage}`);
  return {
    chosen: chosen ?? cases,
    registration: values.case?.includes(registrationCase) ?? true,
    tokens: tokenCases.filter(({ name }) => values.case?.includes(name) ?? true),
    attacks: attacks.filter(
      (one) => values.case?.some((name) => name === abuseCase || name === abuseCaseOf(one)) ?? true,
    ),
    listener,
    quick: values.quick,
    check: values.check,
    profileDirectory: values.profile === undefined ? undefined : resolve(values.profile),
  };
}

/** Runs the cases one after another; results go to standard output, one JSON object a line. */
async function main(): Promise<number> {
  const options = readOptions();
  if (!options) {
    process.stdout.write(usage);
    return 0;
  }
  if (!existsSync('/proc/self/stat')) throw new Error('CPU and memory are read from Linux’s /proc');
  const budgets = readBudgets();
  const problems: string[] = [];
  for (const one of options.chosen) {
    process.stderr.write(`${one.name} …\n`);
    const result = await runCase(options.quick ? { ...one, logins: quickLogins } : one, {
      warmUpLogins: options.quick ? quickLogins : warmUpLogins,
      profileDirectory: options.profileDirectory,
      listener: options.listener,
    });
    process.stdout.write(`${JSON.stringify(result)}\n`);
    // so few logins take longer
    if (!options.quick) problems.push(...exceeded(result, budgets));
  }
  if (options.registration) {
    process.stderr.write(`${registrationCase} …\n`);
    process.stdout.write(`${JSON.stringify(await runRegistrations(options))}\n`);
  }
  for (const one of options.tokens) {
    process.stderr.write(`${one.name} …\n`);
    process.stdout.write(`${JSON.stringify(await runTokens(one, options))}\n`);
  }
  for (const one of options.attacks) {
    process.stderr.write(`${abuseCaseOf(one)} …\n`);
    const result = await runAttack(one, options);
    process.stdout.write(`${JSON.stringify(result)}\n`);
    problems.push(...brokenBy(result, readAbuseBudgets(), options.quick));
  }
  if (!options.check) return 0;
  for (const problem of problems) process.stderr.write(`over budget: ${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
