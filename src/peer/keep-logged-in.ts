import { setTimeout as delay } from 'node:timers/promises';
import { type LocalApi, LocalApiError } from './local-api.ts';
import type { Say } from './say.ts';
import { TailscaledError } from './tailscaled-error.ts';
import {
  askForLoginUrl,
  bringUp,
  type LoginSettings,
  type NodeLoginState,
  readLoginState,
} from './tailscaled-login.ts';

export interface KeepOptions {
  readonly api: Pick<LocalApi, 'get' | 'change'>;
  readonly settings: LoginSettings;
  readonly log: Say;
  readonly signal: AbortSignal;
  /** How often tailscaled was started so far: each time it is brought up anew. */
  readonly lives: () => number;
  /** It answers and was told what it is to be. */
  readonly onUp: () => void;
  /** It answers, but can't be brought up. Tried again with its next life only. */
  readonly onRefusal: (error: Error) => void;
  /** Between two looks while the node is not in the tailnet, and before it answers at all; default 500. */
  readonly quickMs?: number;
  /** While all is well; default 10 000. */
  readonly slowMs?: number;
  /** How long a login by key may take before it is worth a word; default 10 000. */
  readonly loginMs?: number;
}

/** Logs the node in after every start of tailscaled, and says what a person must do for it. Never throws. */
export async function keepLoggedIn(options: KeepOptions): Promise<void> {
  const { api, settings, log, signal, quickMs = 500, slowMs = 10_000, loginMs = 10_000 } = options;
  const teller = createTeller(log, loginMs);
  let handled = 0;
  let isIn = false;
  let refusal = '';
  /** @returns whether something had to be done */
  const handle = async (state: NodeLoginState, life: number): Promise<boolean> => {
    const done = await bringUp(api, state, settings);
    handled = life;
    if (done !== undefined) log.info(`tailscaled: ${done.what}`);
    if (done?.isByKey) teller.wait();
    options.onUp();
    return done !== undefined;
  };
  const look = async (): Promise<void> => {
    const life = options.lives();
    const state = await readLoginState(api);
    // it has not read its state yet: a login now would make a new node of one that has its keys
    if (state.backendState === 'NoState') return;
    if (life !== handled) {
      // what it was before is no news; if nothing had to be done, it is
      if (await handle(state, life)) return;
    } else if (state.backendState === 'NeedsLogin' && isIn) {
      log.error('the node has fallen out of the tailnet (key expired, removed or logged out)');
      await askForLoginUrl(api);
    }
    isIn = state.backendState === 'Running' || (isIn && state.backendState === 'Starting');
    teller.see(state);
  };
  while (!signal.aborted) {
    await look().catch((error: unknown) => {
      // else it is on its way up or down, which the supervision tells
      if (!isFinal(error)) return;
      handled = options.lives();
      if (refusal !== error.message) options.onRefusal(error);
      refusal = error.message;
    });
    await delay(isIn ? slowMs : quickMs, undefined, { signal }).catch(() => undefined);
  }
}

/** The control server has answered the key, and with no. */
function isRefused({ health }: NodeLoginState): boolean {
  return health.some((text) => /login error/iu.test(text));
}

/** An answer that won't become another one by asking again. */
function isFinal(error: unknown): error is Error {
  if (error instanceof TailscaledError) return true;
  return error instanceof LocalApiError && ['status', 'forbidden', 'nonsense'].includes(error.code);
}

interface Teller {
  /** A login by key is under way: tailscaled says what it says to one without. */
  wait(): void;
  see(state: NodeLoginState): void;
}

/** Tells each thing once. */
function createTeller(log: Say, loginMs: number): Teller {
  let told = '';
  let untilMs = 0;
  return {
    wait() {
      untilMs = performance.now() + loginMs;
    },
    see(state) {
      const isUnderWay = performance.now() < untilMs && !isRefused(state);
      if (isUnderWay && state.backendState === 'NeedsLogin') return;
      const words = describe(state);
      const key = `${state.backendState} ${words}`;
      if (key === told) return;
      told = key;
      if (state.backendState === 'Running') log.info(words);
      else if (words !== '') log.warn(words);
    },
  };
}

function describe({ backendState, authUrl, health }: NodeLoginState): string {
  if (backendState === 'Running') return 'the node is in the tailnet';
  if (backendState === 'NeedsMachineAuth') {
    return 'the node waits for approval: an administrator of the tailnet approves it in the admin console';
  }
  if (backendState !== 'NeedsLogin') return '';
  if (/^https?:\/\/[\x21-\x7e]+$/u.test(authUrl)) {
    return `this node is not in the tailnet yet: open ${authUrl} to log it in, or give it an auth key (TS_AUTHKEY, tailscaled.authKeyFile) and start again`;
  }
  return health.length === 0 ? '' : `not logged in. tailscaled says: ${health.join(' ')}`;
}
