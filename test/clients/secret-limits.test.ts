import { hashSync } from '@node-rs/argon2';
import { describe, expect, test } from 'vitest';
import { hashGenerated, TooManyAttempts } from '../../src/clients/secrets.ts';
import { hashCheaply, key, makeChecker, who } from './secret-checker.ts';

/** Takes long enough for other checks to meet it under way. */
const hashSlowly = (text: string): string =>
  `argon2id:${hashSync(text, { memoryCost: 65_536, timeCost: 3 })}`;

test('a right slow verification is remembered, a wrong one and a forgotten one are not', async () => {
  const { check, forget } = makeChecker({ maxParallel: 1, maxWaiting: 0 });
  const verifier = hashSlowly('slow secret');
  expect(await check(verifier, 'slow secret', who)).toBe(true);
  expect(await check(verifier, 'wrong secret', who)).toBe(false);
  // While the only place is taken, whatever has to be verified is refused.
  const blocking = check(verifier, 'a guess', who);
  expect(await check(verifier, 'slow secret', who)).toBe(true);
  await expect(check(verifier, 'wrong secret', who)).rejects.toThrow(TooManyAttempts);
  forget('app');
  await expect(check(verifier, 'slow secret', who)).rejects.toThrow(TooManyAttempts);
  expect(await blocking).toBe(false);
  expect(await check(verifier, 'slow secret', who)).toBe(true);
});

test('the same check at once is done once, another waits its turn, too many are told to come back', async () => {
  const { check } = makeChecker({ maxParallel: 2, maxWaiting: 2 });
  const verifier = hashSlowly('slow secret');
  const same = Array.from({ length: 20 }, () => check(verifier, 'slow secret', who));
  const guesses = ['a', 'b', 'c', 'd', 'e'].map((guess) => check(verifier, guess, who));
  const results = await Promise.allSettled(guesses);
  expect(await Promise.all(same)).toEqual(same.map(() => true));
  // One runs beside the shared check, two wait, the others are refused.
  expect(results.map(({ status }) => status)).toEqual([
    ...['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
  ]);
  const refusals = results.filter((result) => result.status === 'rejected');
  for (const { reason } of refusals) {
    expect(reason).toBeInstanceOf(TooManyAttempts);
    expect(reason).toMatchObject({ kind: 'busy', retryAfterSeconds: 1 });
  }
  expect(await check(verifier, 'slow secret', who)).toBe(true);
});

describe('failures are limited', () => {
  const verifier = hashGenerated('right', key);

  const fail = async (
    check: ReturnType<typeof makeChecker>['check'],
    times: number,
    from = who,
  ) => {
    for (let time = 0; time < times; time++) {
      expect(await check(verifier, `wrong ${time}`, from)).toBe(false);
    }
  };

  test('per peer and client, for a sliding minute', async () => {
    const { check, pass } = makeChecker({ failureLimit: 3 });
    await fail(check, 2);
    pass(30);
    await fail(check, 1);
    await expect(check(verifier, 'right', who)).rejects.toMatchObject({
      kind: 'limited',
      retryAfterSeconds: 30,
    });
    // Neither the peer's other clients nor the client's other peers are affected.
    expect(await check(verifier, 'right', { ...who, clientId: 'other' })).toBe(true);
    expect(await check(verifier, 'right', { ...who, peer: '100.64.0.8' })).toBe(true);
    pass(29);
    await expect(check(verifier, 'right', who)).rejects.toThrow(TooManyAttempts);
    pass(1);
    expect(await check(verifier, 'right', who)).toBe(true);
    await fail(check, 2);
    await expect(check(verifier, 'right', who)).rejects.toThrow(/try again in 30 s/u);
  });

  test('at 20 a minute unless said otherwise, and right ones count nothing', async () => {
    const { check } = makeChecker();
    for (let time = 0; time < 100; time++) expect(await check(verifier, 'right', who)).toBe(true);
    await fail(check, 20);
    await expect(check(verifier, 'right', who)).rejects.toThrow(TooManyAttempts);
  });

  test('of slow secrets too, the remembered one included', async () => {
    const { check } = makeChecker({ failureLimit: 2 });
    const slow = hashCheaply('right');
    expect(await check(slow, 'right', who)).toBe(true);
    expect(await check(slow, 'wrong', who)).toBe(false);
    expect(await check(slow, 'wrong', who)).toBe(false);
    await expect(check(slow, 'right', who)).rejects.toThrow(TooManyAttempts);
  });

  test('among parallel guesses too: those that wait are refused when the limit is reached', async () => {
    const { check } = makeChecker({ failureLimit: 3, maxParallel: 1 });
    const slow = hashCheaply('right');
    const guesses = Array.from({ length: 20 }, (_, index) => check(slow, `guess ${index}`, who));
    const results = await Promise.allSettled(guesses);
    const looked = results.filter(({ status }) => status === 'fulfilled').length;
    expect(looked).toBeGreaterThanOrEqual(3);
    expect(looked).toBeLessThanOrEqual(4);
  });

  test('and forgotten with the client, and for the peers idle longest (T14)', async () => {
    const { check, forget } = makeChecker({ failureLimit: 1, maxPairs: 2 });
    await fail(check, 1);
    forget('app');
    await fail(check, 1);
    await fail(check, 1, { ...who, peer: '100.64.0.8' });
    await fail(check, 1, { ...who, peer: '100.64.0.9' });
    expect(await check(verifier, 'right', who)).toBe(true);
    await expect(check(verifier, 'right', { ...who, peer: '100.64.0.9' })).rejects.toThrow();
  });

  test('T22 the refusal names no secret', async () => {
    const { check } = makeChecker({ failureLimit: 1 });
    await fail(check, 1);
    const error = await check(verifier, 'hunter2', who).catch((reason: unknown) => reason);
    expect(String(error)).not.toContain('hunter2');
  });
});
