import { expect, test } from 'vitest';
import { type Allowance, allowInPolicy } from '../../world/allow.ts';
import { Browser } from '../../world/browser.ts';
import { openSite, type Site } from '../../world/daemon-process.ts';
import { json, login } from '../../world/login.ts';
import {
  exchange,
  exchangeForm,
  exchanging,
  isActiveFor,
  loginAt,
  mcp,
  revoke,
  rules,
  startExchanging,
  worker,
} from './exchange-world.ts';

const both = 'read_file run_code';

test('T23 chains live on over kill -9, and what was revoked before it stays dead', {
  timeout: 60_000,
}, async () => {
  await using site = await openSite(exchanging);
  allowInPolicy(site.simulator, [rules.alice, rules.ci] as Allowance[]);
  let run = await site.start();
  const lives = await chainAt(site);
  const dead = await chainAt(site);
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  });
  const grafana = basic('grafana', 'grafana-secret-that-is-long-enough-0');
  const ended = await new Browser('127.0.0.9').open(`${site.issuer}/revoke`, {
    form: { token: dead.subject },
    headers: grafana,
  });
  expect(ended.status).toBe(200);
  await run.kill('SIGKILL');
  run = await site.start();
  const isActive = async (token: string) =>
    json(await new Browser('127.0.0.3').open(`${site.issuer}/introspect`, { form: { token } }))[
      'active'
    ];
  expect(await isActive(lives.token)).toBe(true);
  expect(await isActive(dead.token)).toBe(false);
  expect((await run.kill('SIGTERM')).code).toBe(0);
});

async function chainAt({ issuer }: Site) {
  const { accessToken: subject } = await login(new Browser(), issuer, 'grafana', {
    resource: worker,
    scope: both,
  });
  const form = exchangeForm(subject, { resource: mcp });
  const answer = json(await new Browser('127.0.0.3').open(`${issuer}/token`, { form }));
  return { subject, token: String(answer['access_token']) };
}

test('T12 whoever is faster, the exchange or the revocation: nothing outlives it', async () => {
  await using world = await startExchanging();
  let issued = 0;
  for (let round = 0; round < 15; round += 1) {
    const { accessToken } = await loginAt(world, worker, both);
    const [answers] = await Promise.all([
      Promise.all(
        Array.from({ length: 4 }, () => exchange(world, accessToken, { resource: mcp }, 'ci')),
      ),
      revoke(world, accessToken, 'grafana'),
    ]);
    for (const answer of answers) {
      const { access_token: token, error } = json(answer);
      if (typeof token !== 'string') {
        expect(error).toBe('invalid_request');
        continue;
      }
      issued += 1;
      expect(await isActiveFor(world, token, 'ci')).toBe(false);
    }
  }
  expect(issued).toBeGreaterThan(0);
});
