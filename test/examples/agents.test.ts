import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agents, startAgents } from '../../examples/agents/agents.ts';
import { exchangeToken } from '../../examples/agents/exchange.ts';
import { jsonOf, requestFrom } from '../../examples/agents/from.ts';
import { logIn, startWork } from '../../examples/agents/orchestrator.ts';

describe('agents', () => {
  let agents: Agents;
  beforeAll(async () => {
    agents = await startAgents(4910);
  });
  afterAll(() => agents[Symbol.asyncDispose]());

  const isActive = async (token: string) => {
    const { clientId, clientSecret } = agents.orchestrator;
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    // the coder's machine sees the token that was issued to itself
    const answer = await requestFrom('127.0.0.22', {
      url: `${agents.issuer}/introspect`,
      form: { token },
    });
    const own = await requestFrom('127.0.0.1', {
      url: `${agents.issuer}/introspect`,
      headers: { authorization: `Basic ${basic}` },
      form: { token },
    });
    return [jsonOf(answer), jsonOf(own)].some((one) => one['active'] === true);
  };

  test('three hops: the tool logs alice and both agents; revoking the first token ends the last', async () => {
    const token = await logIn(agents.orchestrator);
    expect(await startWork(agents.orchestrator, token)).toContain('Welcome');
    expect(agents.calls).toHaveLength(1);
    const call = JSON.parse(agents.calls[0] ?? '');
    const [last = ''] = agents.toolTokens;
    const claims = decodeJwt(last) as {
      act: { sub: string; node: string; act: { sub: string; node: string } };
    };
    expect(claims).toMatchObject({
      sub: 'userid:1',
      act: { node: 'coder.tailnet.test', act: { node: 'research.tailnet.test' } },
    });
    expect(call).toMatchObject({
      tool: 'read_file',
      outcome: 'done',
      subject: 'userid:1',
      login: 'alice@example.com',
      actors: [claims.act.sub, claims.act.act.sub],
    });
    expect(await isActive(last)).toBe(true);
    const { clientId, clientSecret } = agents.orchestrator;
    await requestFrom('127.0.0.1', {
      url: `${agents.issuer}/revoke`,
      headers: {
        authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
      },
      form: { token },
    });
    expect(await isActive(last)).toBe(false);
    await expect(startWork(agents.orchestrator, token)).rejects.toThrow(
      /502.*expired or was revoked/,
    );
  });

  test('no agent goes where its grant does not name, and nobody skips one', async () => {
    const token = await logIn(agents.orchestrator);
    const { issuer } = agents;
    const tools = `http://127.0.0.1:4913/mcp`;
    const from = (address: string) => exchangeToken(issuer, { address, token, resource: tools });
    // research may reach the coder only; the coder is not whom the token is for; alice's laptop is no machine
    await expect(from('127.0.0.21')).rejects.toThrow('invalid_target');
    await expect(from('127.0.0.22')).rejects.toThrow('invalid_request');
    await expect(from('127.0.0.1')).rejects.toThrow(/invalid/);
  });
});
