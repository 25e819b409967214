import { expect, test } from 'vitest';
import { ruleSchema } from '../../src/policy/rule.ts';
import { makeCli } from './run.ts';
import { company, makeTailnetCli, policyOf } from './tailnet.ts';

const policy = policyOf({
  'bob@example.com': [
    { clients: ['grafana'], groups: ['dev'], cleints: ['typo'] },
    { groups: 'malformed' },
    { extraClaims: { sub: 'userid:1', email: 'x@example.com' } },
  ],
});

test('whois says who somebody is and which rules reach us from there', async () => {
  const { run, socket } = await makeTailnetCli({ ...company, policy });
  const { exitCode, out } = await run(['whois', '100.64.0.4', ...socket]);
  expect(exitCode).toBe(0);
  for (const line of [
    /^subject +userid:2$/m,
    /^login +bob@example\.com$/m,
    /^device +bob\.tailnet\.test$/m,
    /^groups +dev$/m,
    /^rules +\{"rule":0,"clients":\["grafana"\]/m,
    /^malformed +\{"rule":1,"message":"groups must be a list of texts"\}$/m,
    /^unknownFields +\{"rule":0,"field":"cleints"\}$/m,
    /^protectedClaims +sub, email$/m,
  ]) {
    expect(out).toMatch(line);
  }
  const { out: json } = await run(['whois', '100.64.0.6', '--json', ...socket]);
  expect(JSON.parse(json)).toMatchObject({
    subject: expect.stringMatching(/^node:/),
    tags: ['tag:ci'],
    rules: [],
  });
});

test.each([
  [['100.64.0.99'], 1, /nobody here \(unknown\)/],
  [['100.64.0.7'], 1, /nobody here \(foreign\)/],
  [['bob'], 2, /is not an IP address/],
  [[], 2, /an argument is missing/],
])('whois %j is refused', async (argv, code, message) => {
  const { run, socket } = await makeTailnetCli({ ...company, policy });
  const { exitCode, err } = await run(['whois', ...argv, ...socket]);
  expect(exitCode).toBe(code);
  expect(err).toMatch(message);
});

test('rule-schema prints what a rule may say', async () => {
  const { out } = await makeCli().run(['rule-schema']);
  const { properties } = JSON.parse(out);
  expect(Object.keys(properties)).toEqual(Object.keys(ruleSchema.shape));
});

test('a tailnet of many thousand devices is no nonsense', async () => {
  const fleet = Object.fromEntries(
    Array.from({ length: 6000 }, (_, at) => [
      `server-${at}`,
      {
        id: 1000 + at,
        tags: ['tag:server', 'tag:fleet'],
        addresses: [`100.65.${at >> 8}.${at & 0xff}`, `fd7a:115c:a1e0::1:${at.toString(16)}`],
      },
    ]),
  );
  const nodes = { ...company.nodes, ...fleet };
  const { run, socket } = await makeTailnetCli({ ...company, nodes, policy });
  const { exitCode, out, err } = await run(['whois', '100.65.23.111', ...socket]);
  expect([exitCode, out], err).toEqual([0, expect.stringMatching(/^device +server-5999\./m)]);
});
