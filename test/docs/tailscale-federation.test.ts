import { readFileSync } from 'node:fs';
import { createRemoteJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseHujson } from '../../src/simulator/hujson.ts';
import type { PolicyInput } from '../../src/simulator/policy-file.ts';
import { Browser } from '../world/browser.ts';
import { json } from '../world/login.ts';
import { startWorld, type World } from '../world/world.ts';

const page = readFileSync(new URL('../../docs/tailscale-federation.md', import.meta.url), 'utf8');
const block = (language: string): string =>
  new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'msu').exec(page)?.[1] ?? '';
const parsed = (language: string) =>
  parseHujson(block(language), 'tailscale-federation.md') as Record<string, unknown>;

const issuer = 'https://idp.tail1234.ts.net';
const ci = '127.0.0.3';
const alice = '127.0.0.1';

/** The trust credential as the page enters it. */
const identity = {
  issuer: /issuer += "(.*)"/.exec(block('hcl'))?.[1] ?? '',
  subject: /subject += "(.*)"/.exec(block('hcl'))?.[1] ?? '',
  rules: Object.fromEntries(
    [
      ...(/custom_claim_rules = \{(.*?)\}/s.exec(block('hcl'))?.[1] ?? '').matchAll(
        /(\w+) = "(.*)"/g,
      ),
    ].map(([, name = '', pattern = '']) => [name, pattern]),
  ),
};

/** "Patterns can include `*` characters to match against any character": everything else must be equal. */
function fits(pattern: string, value: unknown): boolean {
  const parts = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return typeof value === 'string' && new RegExp(`^${parts.join('.*')}$`, 's').test(value);
}

let world: World;
beforeAll(async () => {
  // the demo's listener stands for Funnel
  const { resources } = parsed('jsonc');
  world = await startWorld({ whoisCacheSeconds: 0, resources });
  world.simulator.setPolicy(parsed('hujson') as PolicyInput);
});
afterAll(() => world[Symbol.asyncDispose]());

const audience = () => String((parsed('jsonc')['resources'] as { uri: string }[])[0]?.uri);
const ask = async (from: string, form: Record<string, string>) =>
  json(await new Browser(from).open(`${world.issuer}/token`, { form }));
const machineToken = async () => {
  const answer = await ask(ci, { grant_type: 'client_credentials', resource: audience() });
  return String(answer['access_token']);
};

/** What Tailscale does with it: the issuer's keys by its metadata, signature, issuer, audience, expiry. */
async function verified(token: string): Promise<JWTPayload> {
  const metadata = json(
    await new Browser('127.0.0.9').open(`${world.issuer}/.well-known/openid-configuration`),
  );
  expect(metadata['issuer']).toBe(world.issuer);
  const keys = createRemoteJWKSet(new URL(String(metadata['jwks_uri'])));
  const { payload } = await jwtVerify(token, keys, {
    issuer: world.issuer,
    audience: audience(),
    requiredClaims: ['iss', 'sub', 'aud', 'exp'],
    clockTolerance: 0,
  });
  return payload;
}

describe('docs/tailscale-federation.md', () => {
  test('its parts agree', () => {
    const client = /^client=(\S+)$/m.exec(block('sh'))?.[1] ?? '';
    expect(client).toMatch(/^k\w+CNTRL-k\w+CNTRL$/);
    expect(audience()).toBe(`api.tailscale.com/${client}`);
    expect(page).toContain(`--client-id=${client} --id-token=`);
    expect(block('sh')).toContain('resource=api.tailscale.com/$client');
    expect([parsed('jsonc')['issuer'], identity.issuer]).toEqual([issuer, issuer]);
    expect(JSON.stringify(parsed('hujson'))).toContain(`"resources":["${audience()}"]`);
  });

  test('the token passes the rules of the identity', async () => {
    const token = await machineToken();
    const claims = await verified(token);
    // one text, which is compared as a whole
    expect(claims.aud).toBe(audience());
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(60);
    expect(decodeProtectedHeader(token).alg).toBe('RS256');
    expect(identity.subject).toMatch(/^node:n[A-Za-z0-9]+CNTRL$/);
    expect(fits('node:*', claims.sub)).toBe(true);
    expect(fits(identity.subject, claims.sub)).toBe(false);
    expect(fits(claims.sub ?? '', claims.sub)).toBe(true);
    // the page's tailnet stands for this one's
    expect(Object.keys(identity.rules)).toEqual(['tailnet']);
    expect(claims['tailnet']).toBe('tailnet.test');
    expect(fits(identity.rules['tailnet'] ?? '', 'tail1234.ts.net')).toBe(true);
  });

  test('nobody else gets one: people, other machines, for other audiences, without the grant', async () => {
    const form = { grant_type: 'client_credentials', resource: audience() };
    expect(await ask(alice, form)).toMatchObject({ error: 'invalid_client' });
    expect(await ask(ci, { ...form, resource: 'api.tailscale.com/kOtherCNTRL' })).toMatchObject({
      error: 'invalid_target',
    });
    world.simulator.setNode('ci', { tags: ['tag:other'] });
    expect(await ask(ci, form)).toMatchObject({ error: 'invalid_target' });
    world.simulator.setNode('ci', { tags: ['tag:ci'] });
    await verified(await machineToken());
    world.simulator.setPolicy({});
    expect(await ask(ci, form)).toMatchObject({ error: 'invalid_target' });
  });
});
