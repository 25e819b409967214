import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { integerText, parseLossless } from '../../../src/peer/lossless-json.ts';
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts';
import {
  answers,
  type Case,
  readGrantFile,
  readScenario,
  type Scenario,
  tailnetUnder,
} from '../../grants/scenario.ts';
import { press } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { isConsent } from '../../world/strangers-world.ts';
import { startWorld, type World } from '../../world/world.ts';

const names = readdirSync(new URL('../../../grants/', import.meta.url))
  .filter((name) => name.endsWith('.hujson'))
  .map((name) => name.replace('.hujson', ''));

type EnterCase = Extract<Case, { enter: string }>;

const redirectUri = 'https://app.test/cb';
const secretOf = (id: string) => `the-secret-of-${id}-is-long-enough`;

/** The scenario's tailnet and apps around a real daemon; each device gets a loopback address of its own. */
async function stage(name: string): Promise<{ world: World; scenario: Scenario }> {
  const scenario = readScenario(name);
  const { nodes } = scenario.tailnet as { nodes: Record<string, object> };
  const numbered = Object.entries(nodes).map(([node, fields], index) => [
    node,
    { ...fields, loopback: `127.0.1.${index + 1}` },
  ]);
  const tailnet = {
    ...scenario.tailnet,
    nodes: Object.fromEntries(numbered),
    status: { tun: false },
  };
  const staged = { ...scenario, tailnet };
  const all = Object.entries(scenario.clients).map(([id, client]) => ({ id, ...client }));
  const declared = all.filter(({ registeredItself }) => !registeredItself);
  const configuration = {
    access: scenario.access,
    allowForeignUsers: scenario.allowForeignUsers,
    whoisCacheSeconds: 0,
    clients: declared.map(({ registeredItself: _, ...client }) => ({
      ...client,
      secret: secretOf(client.id),
      redirectUris: [redirectUri],
    })),
  };
  const world = await startWorld(configuration);
  const policy = readGrantFile(`${name}.hujson`);
  world.simulator.replaceTailnet(await tailnetUnder(staged, policy));
  const self = all.filter(({ registeredItself }) => registeredItself);
  for (const { id, name: clientName = id } of self) await register(world, id, clientName);
  // it reads its own node at start
  await world.restart();
  return { world, scenario: staged };
}

/** As a client that came by itself stands in the store. */
async function register({ directory }: World, id: string, clientName: string): Promise<void> {
  const path = join(directory, 'state', 'tsidp.db');
  const store = openSqlite({ path, clock: systemClock });
  await store.clients.save({
    id,
    metadata: {
      client_name: clientName,
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'none',
      // what it says of itself counts for nothing
      tsidp: { source: 'config' },
    },
    options: {},
    secretVerifier: null,
    source: 'dynamic',
    createdAt: 1,
    updatedAt: 1,
  });
  await store.committed();
  await store.close();
}

/** A whole login of a device: the claims of its ID token, or why there is none. */
async function logIn({ issuer }: World, address: string, id: string, secret: object) {
  const verifier = randomBytes(32).toString('base64url');
  const query = {
    client_id: id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid profile groups',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  const browser = new Browser(address);
  const page = await browser.follow(`${issuer}/authorize?${new URLSearchParams(query)}`);
  // what registered itself is asked about
  const { location } = isConsent(page)
    ? await press(browser, page, { issuer }, { action: 'allow' })
    : page;
  const code = location?.searchParams.get('code');
  if (!code) return { denied: location?.searchParams.get('error_description') ?? 'no answer' };
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    client_id: id,
    ...secret,
  };
  const answer = await browser.open(`${issuer}/token`, { form });
  const payload = String(JSON.parse(answer.body).id_token).split('.')[1] ?? '';
  const text = Buffer.from(payload, 'base64url').toString('utf8');
  return { claims: parseLossless(text) as Record<string, unknown> };
}

describe.each(names)('grants/%s over real logins', (name) => {
  test('every line about entering an app is what happens', async () => {
    const { world, scenario } = await stage(name);
    await using _ = world;
    const asked = scenario.cases.filter((one): one is EnterCase => 'enter' in one);
    expect(asked.length).toBeGreaterThan(0);
    for (const one of asked) {
      for (const { peer } of answers(scenario, world.simulator.tailnet, one)) {
        const address = peer.node.loopback!;
        const registered = scenario.clients[one.enter]?.registeredItself;
        const secret = registered ? {} : { client_secret: secretOf(one.enter) };
        const outcome = await logIn(world, address, one.enter, secret);
        const where = `${JSON.stringify(one)} from ${peer.node.name}: ${outcome.denied}`;
        expect(outcome.claims !== undefined, where).toBe('allowed' in one && one.allowed);
        if (outcome.claims) expectClaims(one, outcome.claims);
      }
    }
  });
});

function expectClaims(asked: EnterCase, told: Record<string, unknown>): void {
  const { groups, username, claims }: Record<string, unknown> = { ...asked };
  // none are told as no claim, never as an empty one
  const none = Array.isArray(groups) && groups.length === 0;
  if (groups !== undefined) expect(told['groups']).toEqual(none ? undefined : groups);
  if (username !== undefined) expect(told['username']).toBe(username);
  if (typeof claims !== 'string') return;
  for (const [claim, value] of Object.entries(parseLossless(claims) as object)) {
    // under the groups scope, those of both kinds of rule are one list
    if (claim !== 'groups') {
      expect(integerText(told[claim]) ?? told[claim]).toEqual(integerText(value) ?? value);
    }
  }
}
