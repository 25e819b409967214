import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Allowance, allowInPolicy } from '../../world/allow.ts';
import { json, login, userinfo } from '../../world/login.ts';
import { startWorld, type World } from '../../world/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ whoisCacheSeconds: 0 });
});
afterAll(() => world[Symbol.asyncDispose]());

const alice = ['alice@example.com'];
const says = (value: unknown): Allowance => ({
  src: alice,
  extraClaims: { email_verified: value },
});

describe('email_verified of a grant', () => {
  test.each<[string, readonly Allowance[], boolean]>([
    ['none says it', [], true],
    ['no', [says(false)], false],
    ['yes', [says(true)], true],
    ['of rules that differ', [says(true), says(false)], false],
    ['what is neither', [says('false')], true],
    ['what is neither, in a list', [says([false])], true],
  ])('%s', async (_, rules, verified) => {
    allowInPolicy(world.simulator, [...rules]);
    const { claims, accessToken } = await login(world.browser(), world.issuer);
    expect(claims).toMatchObject({ email: 'alice@example.com', email_verified: verified });
    expect(json(await userinfo(world.issuer, accessToken))['email_verified']).toBe(verified);
  });

  test('an email that the policy gives is verified where it says so, and only with the scope', async () => {
    const account = {
      src: alice,
      account: { login: 'alice@example.com', email: 'a@corp.example' },
    };
    allowInPolicy(world.simulator, [account]);
    const plain = await login(world.browser(), world.issuer);
    expect(plain.claims).toMatchObject({ email: 'a@corp.example', email_verified: false });
    allowInPolicy(world.simulator, [account, says(true)]);
    const vouched = await login(world.browser(), world.issuer);
    expect(vouched.claims).toMatchObject({ email: 'a@corp.example', email_verified: true });
    const without = await login(world.browser(), world.issuer, 'grafana', { scope: 'openid' });
    expect(without.claims).not.toHaveProperty('email_verified');
  });
});
