import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { call } from '../call.ts';
import type { Way } from '../way.ts';
import { personAt, wayOf } from './people.ts';

/**
 * `login`: whole logins of a confidential client. `document`: the same of a client that is a metadata document and
 * that each of them allowed. `new-document`: logins, and each fifth time
 * the first request of a client that nobody knows, so that a host is asked.
 */
export type VisitKind = 'login' | 'document' | 'new-document';

export interface App {
  readonly id: string;
  readonly redirectUri: string;
  /** Undefined: a public client. */
  readonly secret?: string | undefined;
}

/** One visit of one person. @throws Error when it fails */
export type Visit = (person: number, signal: AbortSignal) => Promise<void>;

const verifier = 'bench-verifier-that-is-long-enough-for-pkce-000';
const challenge = createHash('sha256').update(verifier).digest('base64url');

export function authorizeUrl({ id, redirectUri }: App): string {
  return `/authorize?${new URLSearchParams({
    client_id: id,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid profile email',
    state: 'a-state',
    nonce: 'a-nonce',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  })}`;
}

/**
 * A login from the beginning: a browser without a session on a new connection, then the app's server on another, so
 * that getting in at all is part of what is measured.
 */
export const loginVisit =
  (way: Way, app: App): Visit =>
  async (person, signal) => {
    const own = wayOf(way, person);
    const location = await authorize(own, app, signal);
    const code = location.searchParams.get('code');
    if (code === null) throw new Error(`no code in ${location}`);
    const { access_token: token } = await redeem(own, app, code, signal);
    const claims = await fetchJson(own, signal, {
      path: '/userinfo',
      headers: { authorization: `Bearer ${token}` },
    });
    const { email } = personAt(person);
    if (claims['email'] !== email) throw new Error(`${email} became ${claims['email']}`);
  };

/** Somebody comes with a client that there is not, and sees a page that says so. */
export const refusedVisit =
  (way: Way): Visit =>
  async (person, signal) => {
    const nobody = { id: `nobody-${person % 10}`, redirectUri: 'https://app.test/' };
    const { status } = await once(wayOf(way, person), { path: authorizeUrl(nobody) }, signal);
    if (status !== 400) throw new Error(`a client that there is not got ${status}`);
  };

/** Somebody comes with a client that nobody knew; the page that asks about it follows. */
export const newDocumentVisit =
  (way: Way, appAt: (count: number) => App): Visit =>
  async (person, signal) => {
    newDocuments += 1;
    const location = await authorize(wayOf(way, person), appAt(newDocuments), signal);
    if (!location.pathname.startsWith('/interaction/')) throw new Error(`led to ${location}`);
  };
let newDocuments = 0;

export async function redeem(
  way: Way,
  app: App,
  code: string,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const form = { grant_type: 'authorization_code', code, redirect_uri: app.redirectUri };
  return requestTokens(way, app, { ...form, code_verifier: verifier }, signal);
}

export function requestTokens(
  way: Way,
  { id, secret }: App,
  form: Record<string, string>,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const basic = Buffer.from(`${id}:${secret}`).toString('base64');
  return fetchJson(way, signal, {
    path: '/token',
    form: secret === undefined ? { ...form, client_id: id } : form,
    headers: secret === undefined ? {} : { authorization: `Basic ${basic}` },
  });
}

async function authorize(way: Way, app: App, signal: AbortSignal): Promise<URL> {
  const { status, headers, body } = await once(way, { path: authorizeUrl(app) }, signal);
  if (status !== 303) throw new Error(`/authorize answered ${status}: ${gist(body)}`);
  return new URL(headers.location ?? '', way.issuer);
}

async function fetchJson(
  way: Way,
  signal: AbortSignal,
  asked: Parameters<typeof call>[2],
): Promise<Record<string, unknown>> {
  const { status, body } = await once(way, asked, signal);
  if (status !== 200) throw new Error(`${asked.path} answered ${status}: ${gist(body)}`);
  return JSON.parse(body);
}

/** A page's title, or the JSON. */
const gist = (body: string): string => /<title>([^<]*)/.exec(body)?.[1] ?? body.slice(0, 300);

/** On a connection of its own. */
async function once(way: Way, asked: Parameters<typeof call>[2], signal: AbortSignal) {
  const agent = way.createAgent();
  try {
    return await call(way, agent, asked, signal);
  } finally {
    agent.destroy();
  }
}

export interface Visited {
  readonly latenciesMs: readonly number[];
  /** Why visits failed. */
  readonly refusals: readonly string[];
}

const visitLimitMs = 10_000;

/**
 * Visits at a steady rate, each begun in time however long the earlier ones take, so that waiting is counted.
 * Whoever does not get through within ten seconds has been refused.
 */
export async function visitSteadily(
  visit: Visit,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<Visited> {
  const latenciesMs: number[] = [];
  const refusals: string[] = [];
  const one = async (person: number): Promise<void> => {
    const startMs = performance.now();
    try {
      await visit(person, AbortSignal.timeout(visitLimitMs));
    } catch (error) {
      refusals.push(error instanceof Error ? error.message : String(error));
    }
    latenciesMs.push(performance.now() - startMs);
  };
  const startMs = performance.now();
  const visits: Promise<void>[] = [];
  for (let index = 0; index < perSecond * seconds; index += 1) {
    await pause(Math.max(0, startMs + (index * 1000) / perSecond - performance.now()));
    visits.push(one(index));
  }
  await Promise.all(visits);
  return { latenciesMs, refusals };
}

/** As many visits as that, a few at once: warms a daemon up. @throws Error when one fails */
export async function visitQuickly(visit: Visit, count: number): Promise<void> {
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      await visit(begun, AbortSignal.timeout(visitLimitMs));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
