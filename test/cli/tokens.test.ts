import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Agents, startAgents } from '../../examples/agents/agents.ts';
import { jsonOf, requestFrom } from '../../examples/agents/from.ts';
import { logIn, startWork } from '../../examples/agents/orchestrator.ts';
import { makeCli } from './run.ts';

const coder = '127.0.0.22';

describe('tokens of a chain of agents', () => {
  let agents: Agents;
  let last: string;
  beforeEach(async () => {
    agents = await startAgents(4930);
    await startWork(agents.orchestrator, await logIn(agents.orchestrator));
    last = agents.toolTokens[0] ?? '';
  });
  afterEach(() => agents[Symbol.asyncDispose]());

  const run = (...argv: string[]) => makeCli({ TSIDP_STATE_DIR: agents.stateDirectory }).run(argv);
  const list = async (...argv: string[]): Promise<Record<string, unknown>[]> =>
    JSON.parse((await run('tokens', 'list', '--json', ...argv)).out);
  const isActive = async () =>
    jsonOf(await requestFrom(coder, { url: `${agents.issuer}/introspect`, form: { token: last } }))[
      'active'
    ];

  test('a token leads to all that it came from', async () => {
    const other = await logIn(agents.orchestrator);
    const families = await list('--chain', String(decodeJwt(last).jti));
    expect(families).toMatchObject([
      { subject: 'userid:1', clientId: 'orchestrator', actors: [], parents: [] },
      { subject: 'userid:1', actors: [expect.any(String)], parents: [families[0]?.['name']] },
      { actors: [expect.any(String), expect.any(String)], parents: [families[1]?.['name']] },
    ]);
    expect(families[0]?.['name']).not.toBe(decodeJwt(other).jti);
    expect(await list('--chain', String(families[0]?.['name']))).toHaveLength(3);
    expect(await list()).toHaveLength(4);
    expect(await list('--chain', 'unknown')).toEqual([]);
    const { out } = await run('tokens', 'list');
    expect(out).toContain('http://127.0.0.1:4933/mcp');
  });

  test.each([
    ['the first one', (act: Act) => ['--client', 'orchestrator', '--subject', act.subject]],
    ['an agent in the middle', (act: Act) => ['--subject', act.middle]],
    ['the last agent', (act: Act) => ['--device', act.newest.slice('node:'.length)]],
    ['the chain', () => ['--chain', String(decodeJwt(last).jti)]],
  ])('revoking %s ends the last token', async (_which, flags) => {
    const { sub, act } = decodeJwt(last) as {
      sub: string;
      act: { sub: string; act: { sub: string } };
    };
    expect(await isActive()).toBe(true);
    const which = flags({ subject: sub, newest: act.sub, middle: act.act.sub });
    const { exitCode, out } = await run('tokens', 'revoke', ...which);
    expect({ exitCode, out }).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^revoked \d token famil/),
    });
    expect(await isActive()).toBe(false);
    const { out: records } = await run('audit', '--event', 'revocation', '--json');
    expect(records).toContain('"by":"cli"');
    expect((await run('audit', 'verify')).exitCode).toBe(0);
  });

  test('says what is wrong', async () => {
    expect(await run('tokens', 'revoke')).toMatchObject({ exitCode: 2 });
    expect(await run('tokens', 'revoke', '--client', 'nobody')).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining('no such tokens'),
    });
  });

  test('jwks export is enough to verify a token', async () => {
    const { out } = await run('jwks', 'export');
    expect(out).not.toMatch(/"[dpq]":/);
    const { payload } = await jwtVerify(last, createLocalJWKSet(JSON.parse(out)), {
      issuer: agents.issuer,
    });
    expect(payload.sub).toBe('userid:1');
    const published = await requestFrom('127.0.0.1', {
      url: `${agents.issuer}/.well-known/jwks.json`,
    });
    expect(JSON.parse(out)).toEqual(jsonOf(published));
    expect(await makeCli().run(['jwks', 'export'])).toMatchObject({ exitCode: 1 });
  });
});

interface Act {
  readonly subject: string;
  readonly newest: string;
  readonly middle: string;
}
