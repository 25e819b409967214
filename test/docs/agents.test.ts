import { readFileSync } from 'node:fs';
import { createLocalJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jwksExport } from '../../src/cli/jwks-export.ts';
import { parseHujson } from '../../src/simulator/hujson.ts';
import type { PolicyInput } from '../../src/simulator/policy-file.ts';
import { Browser } from '../world/browser.ts';
import { json } from '../world/login.ts';
import { startWorld, type World } from '../world/world.ts';

const page = readFileSync(new URL('../../docs/agents.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gmsu'))].map(
    ([, block = '']) => block,
  );
const parsed = (language: string, index = 0) =>
  parseHujson(blocks(language)[index] ?? '', 'agents.md') as Record<string, unknown>;

const secret = 'the-secret-that-a-file-would-hold';
const host = 'idp.tail1234.ts.net';
const cluster = 'https://kubernetes.tail1234.ts.net';
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const address = { ci: '127.0.0.3', research: '127.0.0.7', coder: '127.0.0.8' };

let world: World;
beforeAll(async () => {
  const { clients, ...config } = parsed('jsonc');
  world = await startWorld({
    ...config,
    whoisCacheSeconds: 0,
    clients: (clients as Record<string, unknown>[]).map(({ secretFile, ...client }) =>
      secretFile === undefined ? client : { ...client, secret },
    ),
  });
  for (const [name, id] of [
    ['research', 7],
    ['coder', 8],
  ] as const) {
    world.simulator.addNode(name, {
      id: String(70 + id),
      tags: [`tag:${name}`],
      addresses: [`100.64.0.${70 + id}`],
      loopback: address[name],
    });
  }
  world.simulator.setPolicy(parsed('hujson') as PolicyInput);
});
afterAll(() => world[Symbol.asyncDispose]());

const ask = async (from: string, form: Record<string, string>) =>
  json(await new Browser(from).open(`${world.issuer}/token`, { form }));
const machineToken = async (resource: string) =>
  String((await ask(address.ci, { grant_type: 'client_credentials', resource }))['access_token']);
const exchange = (from: string, subject: string, resource: string) =>
  ask(from, {
    grant_type: exchangeGrant,
    subject_token_type: accessToken,
    resource,
    subject_token: subject,
  });

async function login(resource: string): Promise<string> {
  const query = {
    client_id: 'console',
    redirect_uri: 'https://console.tail1234.ts.net/callback',
    response_type: 'code',
    scope: 'read_notes',
    resource,
  };
  const { location } = await new Browser().open(
    `${world.issuer}/authorize?${new URLSearchParams(query)}`,
  );
  const answer = await ask('127.0.0.9', {
    grant_type: 'authorization_code',
    code: location?.searchParams.get('code') ?? '',
    redirect_uri: query.redirect_uri,
    client_id: 'console',
    client_secret: secret,
  });
  return String(answer['access_token']);
}

describe('docs/agents.md', () => {
  test('a machine as itself, and as the client that it is with others', async () => {
    const claims = decodeJwt(await machineToken('https://vault.tail1234.ts.net'));
    expect(claims).toMatchObject({ tags: ['tag:ci'], node: 'ci.tailnet.test' });
    expect(claims['client_id']).toBe(`node-${claims.sub?.slice('node:'.length)}`);
    const several = await ask(address.ci, { grant_type: 'client_credentials' });
    expect(several['error_description']).toContain('https://sts.amazonaws.com');
    const named = await ask(address.ci, {
      grant_type: 'client_credentials',
      client_id: 'deployers',
      resource: cluster,
    });
    expect(decodeJwt(String(named['access_token']))).toMatchObject({
      client_id: 'deployers',
      sub: claims.sub,
    });
  });

  test('the exchanges that its table allows, and none beside', async () => {
    const token = await login('https://research.tail1234.ts.net');
    const coder = 'https://coder.tail1234.ts.net';
    const notes = 'https://notes.tail1234.ts.net/mcp';
    const first = String((await exchange(address.research, token, coder))['access_token']);
    const last = String((await exchange(address.coder, first, notes))['access_token']);
    expect(decodeJwt(last)).toMatchObject({
      sub: 'userid:1',
      aud: notes,
      scope: 'read_notes',
      email: 'alice@example.com',
      act: { tags: ['tag:coder'], act: { tags: ['tag:research'] } },
      may_act: { tags: ['tag:research', 'tag:coder'] },
    });
    const refused = async (from: string, subject: string, resource: string) =>
      (await exchange(from, subject, resource))['error'];
    expect(await refused(address.research, token, notes)).toBe('invalid_target');
    expect(await refused(address.coder, token, coder)).toBe('invalid_request');
    expect(await refused(address.ci, first, notes)).toBe('invalid_request');
    expect(await refused('127.0.0.1', first, notes)).toBe('invalid_request');
  });
});

/** The page's host stands for the issuer of this test. */
const here = (text: string) => text.replaceAll(`https://${host}`, world.issuer);

async function keys() {
  let out = '';
  const exitCode = await jwksExport.run([], {
    out: (text) => {
      out += text;
    },
    err: () => undefined,
    env: { TSIDP_STATE_DIR: `${world.directory}/state` },
    stdin: (async function* () {})(),
  });
  expect(exitCode).toBe(0);
  return createLocalJWKSet(JSON.parse(out));
}

/** What every one of them checks, with nothing of ours but the exported keys. */
async function verified(token: string, audience: string): Promise<JWTPayload> {
  const { payload, protectedHeader } = await jwtVerify(token, await keys(), {
    issuer: world.issuer,
    audience,
    algorithms: ['RS256'],
    requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
    clockTolerance: 0,
  });
  expect(protectedHeader.kid).toBeTypeOf('string');
  // one text: some of them compare it with one
  expect(payload.aud).toBe(audience);
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
  return payload;
}

describe('federation out: the token passes each verifier’s rules, as the page configures them', () => {
  test('AWS: audience and subject of the trust policy', async () => {
    const [policy = ''] = blocks('json');
    const { Statement: statements } = JSON.parse(policy);
    const { StringEquals: equals } = statements[0].Condition;
    expect(statements[0].Principal.Federated).toMatch(new RegExp(`oidc-provider/${host}$`));
    const audience = equals[`${host}:aud`];
    expect(page).toContain(`--client-id-list ${audience}`);
    const { sub } = await verified(await machineToken(audience), audience);
    const [written] = equals[`${host}:sub`];
    expect(sub).toMatch(/^node:n[A-Za-z0-9]+CNTRL$/);
    expect(written).toMatch(/^node:n[A-Za-z0-9]+CNTRL$/);
  });

  test('Google Cloud: the provider’s name as audience, the tag as condition', async () => {
    const audience =
      'https://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/tailnet/providers/tsidp';
    const assertion = await verified(await machineToken(audience), audience);
    const tag = /attribute-condition="'([^']+)' in assertion.tags"/.exec(page)?.[1];
    expect(assertion['tags']).toContain(tag);
    // google.subject is at most 127 bytes
    expect(assertion.sub?.length).toBeLessThanOrEqual(127);
  });

  test('Vault: bound audiences and claims of the role', async () => {
    const role = JSON.parse(blocks('json')[1] ?? '');
    const [audience] = role.bound_audiences;
    const claims = await verified(await machineToken(audience), audience);
    expect(claims[role.user_claim]).toBeTypeOf('string');
    for (const [name, allowed] of Object.entries(role.bound_claims as Record<string, string[]>)) {
      const value = [claims[name] ?? []].flat();
      expect(allowed.some((one) => value.includes(one))).toBe(true);
    }
  });

  test('Kubernetes: issuer, audience, user and groups of the structured configuration', async () => {
    const [yaml = ''] = blocks('yaml').map(here);
    expect(/url: (\S+)/.exec(yaml)?.[1]).toBe(world.issuer);
    const audience = /audiences: \["([^"]+)"\]/.exec(yaml)?.[1] ?? '';
    const claims = await verified(await machineToken(audience), audience);
    expect(String(claims[/username: \{ claim: (\w+)/.exec(yaml)?.[1] ?? ''])).toMatch(/^node:/);
    expect(claims[/groups: \{ claim: (\w+)/.exec(yaml)?.[1] ?? '']).toEqual(['tag:ci']);
  });

  test('a copy of the keys verifies nobody else’s token, nor one for another', async () => {
    const token = await machineToken(cluster);
    await expect(verified(token, 'https://vault.tail1234.ts.net')).rejects.toThrow(/aud/);
    await expect(verified(`${token.slice(0, -4)}AAAA`, cluster)).rejects.toThrow(/signature/);
  });

  test('its discovery document is what they read', async () => {
    const path = '/.well-known/openid-configuration';
    const metadata = json(await world.browser().open(`${world.issuer}${path}`));
    expect(metadata).toMatchObject({
      issuer: world.issuer,
      jwks_uri: `${world.issuer}/.well-known/jwks.json`,
      subject_types_supported: ['public'],
    });
    expect(metadata['id_token_signing_alg_values_supported']).toContain('RS256');
  });
});
