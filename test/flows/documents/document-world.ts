import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as oidc from 'openid-client';
import { pageAfter, press, type Visit } from '../../world/app.ts';
import { type Answer, Browser } from '../../world/browser.ts';
import { type DocumentSite, openDocumentSite } from '../../world/document-site.ts';
import { startWorld, type World } from '../../world/world.ts';

/** A world whose operator listed one host on loopback, where strangers publish their documents. */
export interface DocumentWorld extends AsyncDisposable {
  readonly world: World;
  readonly site: DocumentSite;
}

export async function startDocumentWorld(
  overrides: (host: string) => Record<string, unknown> = () => ({}),
): Promise<DocumentWorld> {
  const site = await openDocumentSite();
  const host = new URL(site.origin).host;
  const world = await startWorld({
    metadataDocuments: { allowedHosts: [host] },
    ...overrides(host),
  });
  return {
    world,
    site,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await site[Symbol.asyncDispose]();
    },
  };
}

/** An MCP client as they are: it finds us by discovery and has no secret. */
export interface Agent {
  readonly config: oidc.Configuration;
  /** Sends the person's browser; a page or a redirect is the answer. */
  visit(browser: Browser, more?: Record<string, string>): Promise<Visit>;
  /** Whatever page comes, the person allows it. */
  login(browser?: Browser, more?: Record<string, string>): Promise<oidc.TokenEndpointResponse>;
}

export async function openAgent(
  world: World,
  id: string,
  redirectUri: string,
  authentication: oidc.ClientAuth = oidc.None(),
): Promise<Agent> {
  const config = await oidc.discovery(new URL(world.issuer), id, {}, authentication, {
    execute: [oidc.allowInsecureRequests],
  });
  const visit = async (browser: Browser, more: Record<string, string> = {}): Promise<Visit> => {
    const verifier = oidc.randomPKCECodeVerifier();
    const state = oidc.randomState();
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid profile offline_access',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      ...more,
    });
    const checks = { pkceCodeVerifier: verifier, expectedState: state };
    return { answer: await browser.open(url), checks };
  };
  return {
    config,
    visit,
    async login(browser = new Browser(), more = {}) {
      const visited = await visit(browser, more);
      const answer = await allow(browser, visited, world);
      if (!answer.location) throw new Error(`no redirect but ${answer.status}: ${answer.body}`);
      return oidc.authorizationCodeGrant(config, answer.location, visited.checks);
    },
  };
}

/** The redirect to the app, after the page about consent when there is one. */
export async function allow(browser: Browser, visited: Visit, world: World): Promise<Answer> {
  if (visited.answer.location && visited.answer.location.origin !== world.issuer) {
    return visited.answer;
  }
  const page = await pageAfter(browser, visited);
  return press(browser, page, world, { action: 'allow' });
}

/** Rows that strangers' documents could leave behind. */
export function storedRows(world: World): Record<string, number> {
  const database = new DatabaseSync(join(world.directory, 'state', 'tsidp.db'), { readOnly: true });
  try {
    return Object.fromEntries(
      ['metadata_documents', 'clients', 'grants', 'codes', 'consents', 'interactions'].map(
        (name) => [
          name,
          Number(database.prepare(`SELECT count(*) AS count FROM ${name}`).get()?.['count']),
        ],
      ),
    );
  } finally {
    database.close();
  }
}
