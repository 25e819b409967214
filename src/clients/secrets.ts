import {
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { LRUCache } from 'lru-cache';
import { type Clock, systemClock } from '../clock.ts';
import { hashBounds, isSecretHash } from '../config/secret-hash.ts';
import { createBoundedQueue } from '../limits/bounded-queue.ts';
import type { Attempt } from '../limits/failure-limit.ts';
import { createGuessLimit } from '../limits/guess-limit.ts';

/**
 * Client secrets and what is kept of them. A verifier is `hmac-sha256:<base64url>` for secrets that we generate
 * (256 random bits need no slow hash) or `argon2id:<PHC string>` for those that people chose.
 */

const hmacPrefix = 'hmac-sha256:';
const argon2Prefix = 'argon2id:';
const maxPresentedLength = 1024;

/** Failures within the window of one peer at all clients, of all peers at one client, and of all at all (T40). */
const failuresOfPeer = 100;
const failuresAtClient = 200;
const failuresInTotal = 1000;

/** 256 random bits in base64url: none of `: % +`, which clients encode differently in Basic credentials. */
export const generateSecret = (): string => randomBytes(32).toString('base64url');

/** Verifier of a generated secret. `key` is the stored key of purpose `client-secret`. */
export const hashGenerated = (secret: string, key: Buffer): string =>
  hmacPrefix + digest(createSecretKey(key), secret).toString('base64url');

/**
 * Verifier of a chosen secret: argon2id, 19 MiB, two passes (OWASP's first choice, the library's default). Where its
 * hash was given, that one.
 */
export const hashChosen = async (secret: string): Promise<string> =>
  isSecretHash(secret)
    ? argon2Prefix + secret
    : argon2Prefix + (await hash(secret, { memoryCost: 19_456, timeCost: 2, parallelism: 1 }));

/** Verifier of a secret of the configuration file, where it stands anyway: in memory a keyed digest does. */
export const verifierOfDeclared = (secret: string, key: Buffer): string =>
  isSecretHash(secret) ? argon2Prefix + secret : hashGenerated(secret, key);

/** Of bytes in place of a `KeyObject` Node finds out by two exceptions that they are none, at each call. */
const digest = (key: KeyObject, text: string): Buffer =>
  createHmac('sha256', key).update(text, 'utf8').digest();

/** Refused without looking at the secret. The answer is 429 for `limited`, 503 for `busy`, with Retry-After. */
export class TooManyAttempts extends Error {
  override name = 'TooManyAttempts';
  readonly kind: 'limited' | 'busy';
  readonly retryAfterSeconds: number;

  constructor(kind: 'limited' | 'busy', retryAfterSeconds: number) {
    super(
      kind === 'limited'
        ? `too many failed client authentications from here; try again in ${retryAfterSeconds} s`
        : 'too many client authentications at once; try again',
    );
    this.kind = kind;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface SecretChecker {
  /**
   * Whether `presented` is the secret that `verifier` was made of. A malformed verifier fits none.
   * @throws {TooManyAttempts}
   */
  check(verifier: string, presented: string, who: Attempt): Promise<boolean>;
  /** Drops what is remembered of a client: after its removal or a new secret. */
  forget(clientId: string): void;
}

export interface SecretCheckerOptions {
  /** The stored key of purpose `client-secret`. */
  readonly key: Buffer;
  readonly clock?: Clock;
  /** Slow verifications at once; default 2, so that they can't take the machine from everybody. */
  readonly maxParallel?: number;
  /** Slow verifications that may wait; default 32. */
  readonly maxWaiting?: number;
  /** Successful slow verifications remembered; default 1000. */
  readonly cacheSize?: number;
  /** Failures of one peer at one client within `failureWindowSeconds`, default 20 within 60. */
  readonly failureLimit?: number;
  readonly failureWindowSeconds?: number;
  /** Pairs of peer and client whose failures are counted; default 10 000. */
  readonly maxPairs?: number;
}

export const createSecretChecker = (options: SecretCheckerOptions): SecretChecker => {
  const limit = createGuessLimit({
    clock: options.clock ?? systemClock,
    windowSeconds: options.failureWindowSeconds ?? 60,
    perPair: options.failureLimit ?? 20,
    perPeer: failuresOfPeer,
    perClient: failuresAtClient,
    total: failuresInTotal,
    maxPairs: options.maxPairs ?? 10_000,
  });
  const queue = createBoundedQueue(options.maxParallel ?? 2, options.maxWaiting ?? 32);
  // Keyed and of this process alone: what is remembered is of no use to a reader of memory dumps elsewhere.
  const cacheKey = createSecretKey(randomBytes(32));
  const key = createSecretKey(options.key);
  const verified = new LRUCache<string, string>({ max: options.cacheSize ?? 1000 });
  const underWay = new Map<string, Promise<boolean>>();

  const refuseWhenLimited = (who: Attempt): void => {
    const waitSeconds = limit.waitSeconds(who);
    if (waitSeconds > 0) throw new TooManyAttempts('limited', waitSeconds);
  };

  const verifySlowly = (phc: string, presented: string, who: Attempt): Promise<boolean> => {
    const result = queue.run(async () => {
      // Others of the same caller may have failed while this one waited.
      refuseWhenLimited(who);
      return verifyArgon2(phc, presented);
    });
    if (result === undefined) throw new TooManyAttempts('busy', 1);
    return result;
  };

  const checkChosen = async (phc: string, presented: string, who: Attempt): Promise<boolean> => {
    // The verifier is part of the name, so a rotated secret is not found under its old one.
    const name = digest(cacheKey, JSON.stringify([who.clientId, phc, presented])).toString(
      'base64url',
    );
    if (verified.get(name) !== undefined) return true;
    // An app that starts sends many calls at once: one verification answers them all.
    const turn = `${name}\n${who.peer}`;
    const running = underWay.get(turn);
    if (running !== undefined) return running;
    const started = verifySlowly(phc, presented, who).finally(() => underWay.delete(turn));
    underWay.set(turn, started);
    const isRight = await started;
    if (isRight) verified.set(name, who.clientId);
    return isRight;
  };

  return {
    async check(verifier, presented, who) {
      refuseWhenLimited(who);
      const isRight =
        isPresentable(presented) &&
        (verifier.startsWith(argon2Prefix)
          ? await checkChosen(verifier.slice(argon2Prefix.length), presented, who)
          : checkGenerated(verifier, presented, key));
      if (!isRight) limit.record(who);
      return isRight;
    },
    forget(clientId) {
      limit.forget(clientId);
      for (const [name, owner] of [...verified.entries()]) {
        if (owner === clientId) verified.delete(name);
      }
    },
  };
};

/** Lone surrogates all become the same bytes in UTF-8, so text with them could equal another's. */
const isPresentable = (presented: string): boolean =>
  presented.length > 0 && presented.length <= maxPresentedLength && presented.isWellFormed();

const checkGenerated = (verifier: string, presented: string, key: KeyObject): boolean => {
  if (!verifier.startsWith(hmacPrefix)) return false;
  const stored = verifier.slice(hmacPrefix.length);
  const expected = Buffer.from(stored, 'base64url');
  if (expected.length !== 32 || expected.toString('base64url') !== stored) return false;
  return timingSafeEqual(expected, digest(key, presented));
};

const verifyArgon2 = async (phc: string, presented: string): Promise<boolean> => {
  try {
    if (!phc.startsWith('$argon2id$')) return false;
    const { memoryCost, timeCost, parallelism } = parseOptions(phc);
    const { memoryKibibytes, passes, lanes } = hashBounds;
    if (memoryCost > memoryKibibytes || timeCost > passes || parallelism > lanes) return false;
    return await verify(phc, presented);
  } catch {
    // A string that is no argon2 hash fits no secret.
    return false;
  }
};
