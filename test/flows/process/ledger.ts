import { Browser } from '../../world/browser.ts';
import {
  type Code,
  codeFor,
  failure,
  json,
  redeem,
  refresh,
  type Tokens,
  tokensOf,
  userinfo,
} from '../../world/login.ts';

/** What an app knows of one login from the answers that reached it. */
interface Login {
  readonly code: Code;
  readonly subject: string;
  /** `unsure`: presented, and no answer came. */
  state: 'fresh' | 'unsure' | 'redeemed' | 'ended';
  /** How often a 200 came for the code. */
  redemptions: number;
  /** The newest whose answer came. */
  tokens?: Tokens;
}

const people = [
  ['127.0.0.1', 'userid:1'],
  ['127.0.0.2', 'userid:2'],
] as const;

/** Logs in, redeems and refreshes at random, and keeps account of everything that was acknowledged. */
export class Ledger {
  /** Answers that came. */
  answers = 0;
  readonly logins: Login[] = [];
  readonly #issuer: string;

  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  /** Works until the daemon no longer answers. */
  async storm(workers: number): Promise<void> {
    const work = async (address: string, subject: string) => {
      for (;;) {
        const code = await codeFor(new Browser(address), this.#issuer, 'spa');
        this.answers += 1;
        const login: Login = { code, subject, state: 'fresh', redemptions: 0 };
        this.logins.push(login);
        // every third code is left for after the crash
        if (this.logins.length % 3 === 0) continue;
        await this.#redeem(login);
        if (this.logins.length % 2 === 0) await this.#refresh(login);
      }
    };
    await Promise.all(
      Array.from({ length: workers }, async (_, index) => {
        const [address, subject] = people[index % people.length] ?? people[0];
        await work(address, subject).catch((error: NodeJS.ErrnoException) => {
          if (!error.code?.startsWith('ECONN') && error.code !== 'EPIPE') throw error;
        });
      }),
    );
  }

  /** What went wrong with the logins since `from`, as sentences; uses up what it looks at. */
  async audit(from: number): Promise<string[]> {
    const wrongs: string[] = [];
    await Promise.all(
      this.logins.slice(from).map(async (login) => {
        const { state } = login;
        for (const wrong of await this.#inspect(login)) wrongs.push(`${state}: ${wrong}`);
      }),
    );
    return wrongs;
  }

  async #inspect(login: Login): Promise<string[]> {
    const wrongs: string[] = [];
    const { state } = login;
    if (state === 'fresh' || state === 'unsure') {
      const outcome = await this.#redeem(login);
      const maySay = state === 'fresh' ? ['200'] : ['200', '400 invalid_grant'];
      if (!maySay.includes(outcome)) wrongs.push(`its code is ${outcome}`);
    }
    if (login.tokens) wrongs.push(...(await this.#inspectTokens(login.tokens, login.subject)));
    const again = await redeem(this.#issuer, login.code);
    if (again.status === 200) login.redemptions += 1;
    if (login.redemptions > 1) wrongs.push(`its code gave tokens ${login.redemptions} times`);
    login.state = 'ended';
    return wrongs;
  }

  async #inspectTokens(tokens: Tokens, subject: string): Promise<string[]> {
    const wrongs: string[] = [];
    const info = await userinfo(this.#issuer, tokens.accessToken);
    // also when the answer to a refresh got lost: the grace is longer than a restart
    const refreshed = await refresh(this.#issuer, tokens.refreshToken, 'spa');
    if (tokens.claims['sub'] !== subject) wrongs.push(`it is ${String(tokens.claims['sub'])}'s`);
    if (info.status !== 200) wrongs.push(`its access token is ${failure(info)}`);
    else if (json(info)['sub'] !== subject) wrongs.push('userinfo is of somebody else');
    if (refreshed.status !== 200) wrongs.push(`its refresh token is ${failure(refreshed)}`);
    return wrongs;
  }

  async #redeem(login: Login): Promise<string> {
    login.state = 'unsure';
    const answer = await redeem(this.#issuer, login.code);
    this.answers += 1;
    if (answer.status === 200) {
      login.tokens = tokensOf(answer);
      login.redemptions += 1;
      login.state = 'redeemed';
    }
    return failure(answer);
  }

  async #refresh(login: Login): Promise<void> {
    if (!login.tokens) return;
    login.tokens = tokensOf(await refresh(this.#issuer, login.tokens.refreshToken, 'spa'));
    this.answers += 1;
  }
}
