import { optionalText, readJson, text, texts } from './answer.ts';
import { type LocalApi, unexpectedStatus } from './local-api.ts';
import { TailscaledError } from './tailscaled-error.ts';

/** How a node that is not logged in yet becomes one of the tailnet. */
export interface LoginSettings {
  /** Asked for at each login, so that a key file may be replaced or, once used, removed. @throws TailscaledError */
  readonly authKey: () => string | undefined;
  /** Undefined: what the node has, or `idp` for a new one. */
  readonly hostname: string | undefined;
  /** Undefined: what the node has, or Tailscale's own. */
  readonly controlUrl: string | undefined;
  /** For a login; those of a node that is logged in are changed where it is administered. */
  readonly advertiseTags: readonly string[];
}

export interface NodeLoginState {
  readonly backendState: string;
  /** Where a person is to go; empty unless tailscaled waits for one. */
  readonly authUrl: string;
  readonly health: readonly string[];
}

/** What was done with the node. */
export interface BroughtUp {
  /** For the log. */
  readonly what: string;
  /** A login by auth key is under way. */
  readonly isByKey: boolean;
}

type Api = Pick<LocalApi, 'get' | 'change'>;
type Prefs = Readonly<Record<string, unknown>>;

const standardHostname = 'idp';

/** @throws LocalApiError */
export async function readLoginState(api: Api): Promise<NodeLoginState> {
  const path = '/localapi/v0/status?peers=false';
  const answer = await api.get(path);
  if (answer.status !== 200) throw unexpectedStatus(path, answer.status, answer.text);
  const status = readJson(answer.text);
  return {
    backendState: text(status['BackendState'], 'BackendState'),
    authUrl: optionalText(status['AuthURL'], 'AuthURL') ?? '',
    health: texts(status['Health'], 'Health'),
  };
}

/**
 * Does what `tailscale up` does, to be asked once tailscaled has read its state (`NoState` before): logs a new node in, by key or by a URL for a person (then in the status), or brings
 * an existing one up under the wanted name.
 * @returns undefined when there was nothing to do
 * @throws TailscaledError | LocalApiError
 */
export async function bringUp(
  api: Api,
  state: NodeLoginState,
  settings: LoginSettings,
): Promise<BroughtUp | undefined> {
  const prefs = await readPrefs(api);
  if (state.backendState === 'NeedsLogin') return logIn(api, prefs, settings);
  refuseOtherControl(prefs, settings);
  const { hostname } = settings;
  const isDown = state.backendState === 'Stopped';
  const isRenamed = hostname !== undefined && prefs['Hostname'] !== hostname;
  if (!isDown && !isRenamed) return undefined;
  await change(api, 'PATCH', '/localapi/v0/prefs', {
    ...(isDown ? { WantRunning: true, WantRunningSet: true } : {}),
    ...(isRenamed ? { Hostname: hostname, HostnameSet: true } : {}),
  });
  const what = isRenamed ? `renamed the node to ${hostname}` : 'brought the node up';
  return { what, isByKey: false };
}

/** A URL for a person, where one that was in the tailnet has fallen out of it. @throws LocalApiError */
export async function askForLoginUrl(api: Api): Promise<void> {
  await change(api, 'POST', '/localapi/v0/login-interactive');
}

async function logIn(api: Api, prefs: Prefs, settings: LoginSettings): Promise<BroughtUp> {
  const authKey = settings.authKey();
  const { hostname, controlUrl, advertiseTags } = settings;
  // `Config` holds what tailscaled says of its keys: its own, and ignored when sent back
  const { Config: _keys, ...kept } = prefs;
  const UpdatePrefs = {
    ...kept,
    WantRunning: true,
    LoggedOut: false,
    Hostname: hostname ?? (kept['Hostname'] || standardHostname),
    ...(controlUrl === undefined ? {} : { ControlURL: controlUrl }),
    ...(advertiseTags.length === 0 ? {} : { AdvertiseTags: advertiseTags }),
  };
  const AuthKey = authKey ?? '';
  await change(api, 'POST', '/localapi/v0/start', { AuthKey, UpdatePrefs });
  await askForLoginUrl(api);
  return authKey === undefined
    ? { what: 'asked for a login URL, as there is no auth key', isByKey: false }
    : { what: 'logging the node in with the auth key', isByKey: true };
}

async function readPrefs(api: Api): Promise<Prefs> {
  const path = '/localapi/v0/prefs';
  const answer = await api.get(path);
  if (answer.status !== 200) throw unexpectedStatus(path, answer.status, answer.text);
  // a node's own numbers stand in `Config` alone, which is never sent back
  return readJson(answer.text);
}

async function change(
  api: Api,
  method: 'POST' | 'PATCH',
  path: string,
  body?: unknown,
): Promise<void> {
  // `start` waits for the control server to be spoken to
  const { status, text: said } = await api.change(method, path, body, { timeoutMs: 20_000 });
  if (status < 200 || status > 299) throw unexpectedStatus(path, status, said);
}

/** One node is in one tailnet: to move it would change the issuer under every app. */
function refuseOtherControl(prefs: Prefs, { controlUrl }: LoginSettings): void {
  const current = prefs['ControlURL'];
  if (controlUrl === undefined || typeof current !== 'string' || current === '') return;
  if (sameUrl(current, controlUrl)) return;
  throw new TailscaledError(
    `the node in this state directory belongs to ${current}, and tailscaled.controlUrl is ${controlUrl}: correct the one, or give the other a state directory of its own`,
  );
}

function sameUrl(one: string, other: string): boolean {
  const plain = (url: string) => url.replace(/\/+$/, '').toLowerCase();
  return plain(one) === plain(other);
}
