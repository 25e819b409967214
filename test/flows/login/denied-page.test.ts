import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseHujson } from '../../../src/simulator/hujson.ts';
import type { PolicyInput } from '../../../src/simulator/policy-file.ts';
import { readMarkup } from '../../pages/read-markup.ts';
import { type Allowance, allowInPolicy } from '../../world/allow.ts';
import { openApp, parameters } from '../../world/app.ts';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { until } from '../../world/until.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const bob = '127.0.0.2';
const machine = '127.0.0.3';
const foreigner = '127.0.0.4';

describe('the page behind a denial', () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld({
      access: 'granted',
      whoisCacheSeconds: 0,
      clients: clients.map((client) =>
        client.id === 'spa' ? { ...client, requires: { device: { os: ['macOS'] } } } : client,
      ),
    });
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const visit = async (address: string, more: Record<string, string> = {}) => {
    const app = await openApp(world, 'grafana');
    return (await app.visit(new Browser(address), more)).answer;
  };
  const read = async (address: string, url: string) => {
    const answer = await new Browser(address).open(url);
    return { status: answer.status, document: answer.body, ...readMarkup(answer.body) };
  };
  const deniedPage = (id: string) => `${world.issuer}/denied?client_id=${id}`;
  /** The grant as somebody would copy it from the page. */
  const suggested = (text: string) => /\{\n {2}"src"[\s\S]*?\n\},/u.exec(text)?.[0];

  test('the app hears a short reason and a link; the link says who, what, why not, and what would change it', async () => {
    const { error, error_description: reason, error_uri: uri } = parameters(await visit(bob));
    expect(error).toBe('access_denied');
    expect(reason?.length).toBeLessThan(200);
    const { status, text } = await read(bob, uri!);
    expect(status).toBe(403);
    for (const fact of ['bob@example.com', 'bob.tailnet.test', 'Grafana', 'access: granted']) {
      expect(text).toContain(fact);
    }
    expect(suggested(text)).toBe(
      [
        '{',
        '  "src": ["bob@example.com"],',
        '  "dst": ["tag:idp"],',
        '  "app": {',
        '    "tailscale.com/cap/tsidp": [{ "clients": ["grafana"] }],',
        '  },',
        '},',
      ].join('\n'),
    );
    expect(text).not.toMatch(/alice|mallory|secret/);
  });

  test.each([
    ['a person', bob],
    ['a machine', machine],
  ])('pasting the grant into the policy file lets %s in', async (_, address) => {
    const { error_uri: uri } = parameters(await visit(address));
    const grant = suggested((await read(address, uri!)).text);
    const file = `{ "grants": [ { "src": ["*"], "dst": ["*"], "ip": ["*"] },\n${grant} ] }`;
    world.simulator.setPolicy(parseHujson(file, 'policy.hujson') as PolicyInput);
    expect(parameters(await visit(address))).toHaveProperty('code');
    const { status, text } = await read(address, uri!);
    expect(status).toBe(200);
    expect(text).toContain('You may enter Grafana');
    expect(parameters(await visit(address === bob ? machine : bob))).not.toHaveProperty('code');
  });

  test('it decides for whoever looks, not for whom the link was made', async () => {
    const { error_uri: uri } = parameters(await visit(bob));
    const seen = await read(machine, uri!);
    expect(seen.text).toContain('tag:ci');
    expect(seen.text).not.toContain('bob');
    expect((await read(foreigner, uri!)).text).toContain('another tailnet');
  });

  test('where the configuration says no, no grant is suggested', async () => {
    allowInPolicy(world.simulator, [{ src: ['bob@example.com'], clients: ['*'] }]);
    const { status, text } = await read(bob, deniedPage('spa'));
    expect(status).toBe(403);
    expect(text).toContain('only for devices with macOS');
    expect(text).toContain('requires.device.os: is none of the required');
    expect(suggested(text)).toBeUndefined();
  });

  test('T20 a member of another tailnet has a link, too, and is told why', async () => {
    const { error_uri: uri } = parameters(await visit(foreigner));
    const { status, text } = await read(foreigner, uri!);
    expect(status).toBe(403);
    expect(text).toContain('another tailnet');
    expect(suggested(text)).toBeUndefined();
  });

  test('response modes of all kinds carry the link', async () => {
    const fragment = await visit(bob, { response_mode: 'fragment' });
    expect(new URLSearchParams(fragment.location?.hash.slice(1)).get('error_uri')).toBe(
      deniedPage('grafana'),
    );
    const { body } = await visit(bob, { response_mode: 'form_post' });
    expect(body).toContain(`name="error_uri" value="${deniedPage('grafana')}"`);
    expect(parameters(await visit(bob, { prompt: 'none' }))['error_uri']).toBe(
      deniedPage('grafana'),
    );
  });

  test('no other error carries it, nor does a login', async () => {
    allowInPolicy(world.simulator, [{ src: ['bob@example.com'], clients: ['*'] }]);
    for (const more of [{}, { prompt: 'none' }, { code_challenge_method: 'plain' }]) {
      expect(parameters(await visit(bob, more))).not.toHaveProperty('error_uri');
    }
  });

  test.each([
    ['an app that nobody knows', 'nobody', 400],
    ['no app', '', 400],
    ['markup', '%3Cscript%3E', 400],
    ['two apps', 'grafana&client_id=spa', 400],
  ])('%s: an error page', async (_, id, status) => {
    const page = await read(bob, deniedPage(id));
    expect(page.status).toBe(status);
    expect(page.document).not.toContain('<script');
  });

  test('T33 another page may link to it, and cannot read it', async () => {
    const open = (headers: Record<string, string>) =>
      new Browser(bob).open(deniedPage('grafana'), { headers });
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await open(link)).body).toContain('bob@example.com');
    for (const headers of [
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' },
      { origin: 'https://evil.example' },
    ]) {
      const { status, body } = await open(headers);
      expect(status).toBe(403);
      expect(body).not.toContain('grants');
    }
  });

  test('the audit record has the trace; looking at the page adds none', async () => {
    const { error_uri: uri } = parameters(await visit(bob));
    const before = auditLog(world.directory);
    expect(before.at(-1)).toMatchObject({
      event: 'denial',
      detail: { trace: [{ field: 'access', outcome: 'granted: no rule names this app' }] },
    });
    await read(bob, uri!);
    expect(auditLog(world.directory)).toHaveLength(before.length);
  });

  test('a malformed rule is logged once for each person, and widens nothing', async () => {
    const rules = ['bob@example.com', 'alice@example.com'].map(
      (src): Allowance => ({ src: [src], clients: 'everything' }),
    );
    allowInPolicy(world.simulator, rules);
    for (let visits = 0; visits < 3; visits += 1) {
      expect(parameters(await visit(bob))).toHaveProperty('error', 'access_denied');
    }
    await visit('127.0.0.1');
    const lines = await until('both are logged', () => {
      const found = world.logged().match(/.*a rule of the tailnet policy is ignored.*/gu) ?? [];
      return found.length >= 2 ? found : undefined;
    });
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      ['userid:2', 'userid:1'].map((subject) =>
        expect.objectContaining({ level: 'warn', subject, rule: 0 }),
      ),
    );
    expect((await read(bob, deniedPage('grafana'))).text).toContain(
      'rule 0: rule: ignored, malformed: clients must be a list of texts',
    );
  });
});
