import type { Grant, Provider } from 'oidc-provider';
import { describe, expect, test } from 'vitest';
import { leanModels } from '../../src/engine/lean-models.ts';
import { bareProvider } from './bare-provider.ts';

interface Kept {
  readonly kind: string;
  emit(event: string): void;
  getValueAndPayload(): Promise<{ value: string; payload: Record<string, unknown> }>;
}

const common = {
  jti: 'name',
  accountId: 'userid:1',
  clientId: 'app',
  grantId: 'grant',
  scope: 'openid email',
  claims: { id_token: { email: null } },
  nonce: undefined,
  unknown: 'not kept',
};

/** With the arguments that oidc-provider itself gives. */
function create(model: unknown, ...values: unknown[]): unknown {
  return Reflect.construct(model as new () => unknown, values);
}

/** One of each, with members that are kept, that are not, and that are undefined. */
const models: Record<string, (provider: Provider) => unknown> = {
  AuthorizationCode: ({ AuthorizationCode }) =>
    create(AuthorizationCode, { ...common, iat: 100, exp: 200, redirectUri: 'https://a.example' }),
  'code without times': ({ AuthorizationCode }) => create(AuthorizationCode, common),
  RefreshToken: ({ RefreshToken }) =>
    create(RefreshToken, { ...common, rotations: 0, gty: 'authorization_code' }),
  AccessToken: ({ AccessToken }) =>
    Object.assign(create(AccessToken, common) as object, { format: 'opaque' }),
  Grant: (provider) => {
    const grant = create(provider.Grant, { ...common, exp: 300 }) as Grant;
    grant.addOIDCScope('openid');
    return Object.assign(grant, { more: 1 });
  },
  Session: ({ Session }) =>
    create(Session, {
      jti: 'name',
      uid: 'uid',
      accountId: 'userid:1',
      authorizations: { app: {} },
    }),
  'session without an end': ({ Session }) => create(Session, { jti: 'name', uid: 'uid' }),
  Interaction: ({ Interaction }) =>
    create(Interaction, 'name', { params: { a: 1 }, exp: 5, returnTo: 'x' }),
  PushedAuthorizationRequest: ({ PushedAuthorizationRequest }) =>
    create(PushedAuthorizationRequest, { request: 'jwt', jti: 'name', exp: 7 }),
};

function leanProvider(): Provider {
  const provider = bareProvider();
  leanModels(provider);
  return provider;
}

describe.each(Object.keys(models))('%s', (name) => {
  const make = models[name] as (provider: Provider) => Kept;

  test('keeps what oidc-provider keeps', async () => {
    const [bare, lean] = [make(bareProvider()), make(leanProvider())];
    const expected = await bare.getValueAndPayload();
    const { value, payload } = await lean.getValueAndPayload();
    expect(value).toBe(expected.value);
    // a second may pass between the two
    expect({ ...payload, iat: 0, exp: 0 }).toEqual({ ...expected.payload, iat: 0, exp: 0 });
    expect(Object.keys(payload).toSorted()).toEqual(Object.keys(expected.payload).toSorted());
    for (const time of ['iat', 'exp']) {
      const [ours, theirs] = [Number(payload[time] ?? 0), Number(expected.payload[time] ?? 0)];
      expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(1);
    }
  });

  test('says what happened under the same name', () => {
    const heard = [bareProvider(), leanProvider()].map((provider) => {
      const names: unknown[] = [];
      const emit = provider.emit.bind(provider);
      provider.emit = ((event: string, ...values: unknown[]) => {
        names.push(event, values.length);
        return emit(event as never, ...(values as []));
      }) as never;
      const model = make(provider);
      for (const event of ['saved', 'consumed', 'saved']) model.emit(event);
      return names;
    });
    expect(heard[1]).toEqual(heard[0]);
    expect(heard[0]).toHaveLength(6);
  });
});
