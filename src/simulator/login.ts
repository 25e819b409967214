import { type Answer, textAnswer } from './routes.ts';
import type { TailnetStatus } from './tailnet.ts';

type Prefs = Record<string, unknown>;

const authUrl = 'https://login.simulated.test/a/1234567890';
const wrongKey =
  'You are logged out. The last login error was: invalid key: API key does not exist';

/**
 * The node's own login, as `tailscale up` drives it: `prefs`, `start` and `login-interactive`. A node with a key that
 * is accepted runs at once, one without waits for a person who opens a URL.
 */
export class NodeLogin {
  /** Whether the control server takes an auth key; every key but the empty one by default. */
  acceptsKey = (key: string): boolean => key !== '';
  /** How long the control server takes over a key; the node is as one without a key meanwhile. */
  loginMs = 0;
  /** The node is in its tailnet. */
  onRun = (): void => undefined;
  readonly #setStatus: (patch: Partial<TailnetStatus>) => void;
  #prefs: Prefs = {
    ControlURL: '',
    CorpDNS: true,
    WantRunning: false,
    LoggedOut: false,
    AdvertiseTags: null,
    Hostname: '',
    // what tailscaled says of its keys
    Config: { PrivateNodeKey: 'privkey:0', NodeID: 'n1CNTRL' },
  };
  #key = '';

  constructor(setStatus: (patch: Partial<TailnetStatus>) => void) {
    this.#setStatus = setStatus;
  }

  get prefs(): Readonly<Prefs> {
    return this.#prefs;
  }

  /** As a node that was logged in before. */
  restore(prefs: Prefs): void {
    this.#prefs = { ...this.#prefs, ...prefs };
  }

  /** The person opened the URL and agreed. */
  approve(): void {
    this.#run();
  }

  /** Undefined for a path that is none of these. */
  answer(method: string, path: string, body: string): Answer | undefined {
    const name = path.replace('/localapi/v0/', '');
    if (name === 'prefs') return this.#answerPrefs(method, body);
    if (name !== 'start' && name !== 'login-interactive') return undefined;
    if (method !== 'POST') return textAnswer(400, 'want POST');
    if (name === 'login-interactive') this.#logIn();
    else this.#start(JSON.parse(body));
    return { status: 204, headers: {}, body: '' };
  }

  #answerPrefs(method: string, body: string): Answer {
    if (method === 'PATCH') this.#patch(JSON.parse(body));
    else if (method !== 'GET') return textAnswer(405, 'unsupported method');
    const headers = { 'Content-Type': 'application/json' };
    return { status: 200, headers, body: `${JSON.stringify(this.#prefs, null, '\t')}\n` };
  }

  /** `ipn.MaskedPrefs`: a member counts where the one beside it named `…Set` is true. */
  #patch(masked: Prefs): void {
    const named = Object.entries(masked).filter(([name]) => masked[`${name}Set`] === true);
    this.#prefs = { ...this.#prefs, ...Object.fromEntries(named) };
    if (masked['WantRunningSet'] === true && masked['WantRunning'] === true) this.#run();
  }

  /** `ipn.Options`: the preferences replace all that were, but for the keys. */
  #start(options: { AuthKey?: string; UpdatePrefs?: Prefs }): void {
    this.#key = options.AuthKey ?? '';
    if (options.UpdatePrefs) {
      this.#prefs = { ...options.UpdatePrefs, Config: this.#prefs['Config'] };
    }
  }

  #logIn(): void {
    if (this.#key === '') this.#setStatus({ authUrl });
    else if (this.acceptsKey(this.#key)) this.#runLater();
    else this.#setStatus({ health: [wrongKey] });
  }

  #runLater(): void {
    if (this.loginMs === 0) {
      this.#run();
      return;
    }
    this.#setStatus({ health: ['You are logged out.'] });
    setTimeout(() => this.#run(), this.loginMs).unref();
  }

  #run(): void {
    this.#setStatus({ backendState: 'Running', authUrl: '', health: [] });
    this.onRun();
  }
}
