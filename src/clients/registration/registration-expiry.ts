import type { Clock } from '../../clock.ts';
import type { RegistrationConfig } from '../../config/registration-schema.ts';
import type { Endings } from '../../endings/ending.ts';
import type { Logger } from '../../log.ts';
import { type Store, useResolutionSeconds } from '../../store/store.ts';

const daySeconds = 86_400;
const intervalMs = 60_000;
/** Clients a step; small, so that no login waits for it. */
const stepClients = 20;
const maxStepsAtOnce = 50;

export interface ExpiryParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: RegistrationConfig;
  readonly endings: Endings;
}

/** Removes registrations that nobody ever used, or not for long. Returns how many; `stepClients` at most. */
export async function expireRegistrations(parts: ExpiryParts): Promise<number> {
  const { store, clock, limits, endings } = parts;
  const now = clock.nowSeconds();
  const daysAgo = (days: number): number => now - days * daySeconds;
  const age = {
    unusedBefore: daysAgo(limits.unusedDays),
    anonymousUnusedBefore: daysAgo(limits.strangers.unusedDays),
    // uses within a day of the last note are not noted
    idleBefore: daysAgo(limits.idleDays) - useResolutionSeconds,
  };
  const ids = await store.registrations.expired(age, stepClients);
  for (const id of ids) {
    const registration = await store.registrations.find(id);
    const reason = registration?.usedAt === undefined ? 'never used' : 'not used for long';
    await endings.end({
      what: { kind: 'client', id },
      why: 'client-unused',
      record: { at: now, reason, detail: { action: 'remove', by: 'expiry' } },
    });
  }
  await store.committed();
  return ids.length;
}

/** Does so at once and every minute. Returns the function that stops it. */
export function startExpiring(parts: ExpiryParts, log: Logger): () => void {
  let stopped = false;
  const expire = async (): Promise<void> => {
    for (let step = 0; step < maxStepsAtOnce && !stopped; step += 1) {
      if ((await expireRegistrations(parts)) < stepClients) return;
    }
  };
  const run = (): void => {
    expire().catch((error) => log.warn({ err: error }, 'expired registrations stay for now'));
  };
  const timer = setInterval(run, intervalMs);
  timer.unref();
  run();
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}
