import { createHash, randomBytes } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { startWorld, type World } from '../world/world.ts';
import { type AppSite, startAppSite } from './app-site.ts';
import { openTab, startChromium, type Tab, type TabOptions } from './chromium.ts';

type Parameters = Readonly<Record<string, string>>;

const secret = 'a-secret-of-the-stage-that-is-long-enough';

/** Every app that logs in here; all of them are answered at the same app site. */
const clientsAt = ({ origin, crossSiteOrigin }: AppSite) => [
  {
    id: 'web',
    name: 'Wiki',
    secret,
    redirectUris: [`${origin}/callback`, `${crossSiteOrigin}/callback`],
    postLogoutRedirectUris: [`${origin}/bye`, `${crossSiteOrigin}/bye`],
  },
  {
    id: 'careful',
    name: 'Payroll',
    login: 'confirm',
    secret,
    redirectUris: [`${origin}/callback`, `${crossSiteOrigin}/callback`],
  },
  { id: 'immich', name: 'Immich', redirectUris: ['app.immich:///oauth-callback'] },
];

export interface Stage extends AsyncDisposable {
  readonly world: World;
  readonly browser: Browser;
  readonly app: AppSite;
  /** Where an app sends a browser to log in, and what it does with the code that comes back. */
  attempt(clientId: string, more?: Parameters): Attempt;
  /** Runs in a tab with cookies of its own; the browser must not have complained at the end. */
  inTab(options: TabOptions, use: (tab: Tab) => Promise<void>): Promise<void>;
}

export interface Attempt {
  readonly url: string;
  readonly state: string;
  /** The claims of the ID token. */
  redeem(code: string | undefined): Promise<Readonly<Record<string, unknown>>>;
}

/** A browser, the daemon on its simulated tailnet, and an app to log in to. */
export async function setStage(): Promise<Stage> {
  await using undo = new AsyncDisposableStack();
  const browser = await startChromium();
  undo.defer(() => browser.close());
  const app = await startAppSite();
  undo.defer(() => app.close());
  const world = undo.use(await startWorld({ clients: clientsAt(app) }));
  const everything = undo.move();
  return {
    world,
    browser,
    app,
    attempt: (clientId, more = {}) => begin(world.issuer, clientId, app, more),
    async inTab(options, use) {
      const tab = await openTab(browser, options);
      try {
        await use(tab).catch((cause: unknown) => {
          throw new Error(`at ${tab.page.url()}, complaints: ${tab.complaints}`, { cause });
        });
        expect(tab.complaints).toEqual([]);
      } finally {
        await tab.close();
      }
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

function begin(issuer: string, clientId: string, app: AppSite, more: Parameters): Attempt {
  const verifier = randomBytes(32).toString('base64url');
  const parameters = {
    client_id: clientId,
    redirect_uri: `${app.origin}/callback`,
    response_type: 'code',
    scope: 'openid profile email',
    state: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  };
  const redeem = async (code: string | undefined) => {
    const response = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: code ?? '',
        code_verifier: verifier,
        redirect_uri: parameters.redirect_uri,
      }),
    });
    const answer = (await response.json()) as Record<string, string>;
    const payload = answer['id_token']?.split('.')[1];
    if (payload === undefined) throw new Error(`no ID token: ${JSON.stringify(answer)}`);
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  };
  return {
    url: `${issuer}/authorize?${new URLSearchParams(parameters)}`,
    state: parameters.state,
    redeem,
  };
}

export interface Trail {
  /** Pages that the tab showed. */
  readonly shown: readonly string[];
  /** Status and origin with path of every answer to the tab's navigations, redirects included. */
  readonly answers: readonly string[];
}

/** Where the tab goes from now on. */
export function trailOf(page: Page): Trail {
  const shown: string[] = [];
  const answers: string[] = [];
  page.on('framenavigated', (frame) => {
    if (frame === page.mainFrame()) shown.push(withoutQuery(frame.url()));
  });
  page.on('response', (response) => {
    if (!response.request().isNavigationRequest()) return;
    answers.push(`${response.status()} ${withoutQuery(response.url())}`);
  });
  return { shown, answers };
}

function withoutQuery(url: string): string {
  return url.split('?', 1)[0] ?? '';
}
