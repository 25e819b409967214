import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { createEndings } from '../../../src/endings/endings.ts';
import { modelAdapter } from '../../../src/engine/model-adapter.ts';
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts';

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  format: 'jwk',
});

/** The adapter beneath oidc-provider's own models, which read the system's clock. */
function open() {
  const store = openSqlite({ path: ':memory:', clock: systemClock });
  const { clients, audit } = store;
  const endings = createEndings({ store, clients, audit, clock: systemClock });
  const settings = { endings, clock: systemClock };
  const provider = new Provider('https://idp.example', {
    adapter: (model: string) => modelAdapter(model, store.adapter(model), settings),
    clients: [{ client_id: 'grafana', client_secret: 'x', redirect_uris: ['https://app.example'] }],
    features: { devInteractions: { enabled: false } },
    jwks: { keys: [{ ...key, use: 'sig' }] },
    ttl: {
      Grant: 1000,
      AuthorizationCode: 60,
      AccessToken: 300,
      RefreshToken: 1000,
      Session: 1000,
    },
  });
  return { store, provider };
}

it('carries a Grant, a code and a refresh token through their lives', async () => {
  const { provider } = open();
  const client = await provider.Client.find('grafana');
  const grant = new provider.Grant({ accountId: 'userid:1', clientId: 'grafana' });
  grant.addOIDCScope('openid email');
  const grantId = await grant.save();
  const common = {
    accountId: 'userid:1',
    client: client!,
    grantId,
    scope: 'openid',
    gty: 'authorization_code',
  };
  const issued = new provider.AuthorizationCode({ ...common, redirectUri: 'https://app.example' });
  const code = await provider.AuthorizationCode.find(await issued.save());
  expect(code).toMatchObject({ grantId, accountId: 'userid:1', isValid: true });
  await code?.consume();
  expect((await provider.AuthorizationCode.find(issued.jti))?.isValid).toBe(false);

  const refresh = new provider.RefreshToken(common);
  const found = await provider.RefreshToken.find(await refresh.save());
  await found?.consume();
  // Inside the grace window it is still good, once its family is revoked no longer.
  expect((await provider.RefreshToken.find(refresh.jti))?.isValid).toBe(true);
  expect((await provider.Grant.find(grantId))?.getOIDCScope()).toBe('openid email');
  await (await provider.Grant.find(grantId))?.destroy();
  expect(await provider.RefreshToken.find(refresh.jti)).toBeUndefined();
  expect(await provider.Grant.find(grantId)).toBeUndefined();
});

it('saves no twin of a session that was read by its uid', async () => {
  const { provider } = open();
  const session = new provider.Session();
  session.loginAccount({ accountId: 'userid:1' });
  const id = session.jti;
  await session.save(1000);
  const byUid = await provider.Session.findByUid(session.uid);
  expect(byUid).toMatchObject({ accountId: 'userid:1', uid: session.uid });
  expect(byUid?.jti).not.toBe(id);
  byUid?.loginAccount({ accountId: 'userid:1', amr: ['confirm'] });
  await byUid?.persist();
  expect(await provider.Session.find(id)).toMatchObject({ jti: id, amr: ['confirm'] });
  await byUid?.destroy();
  expect(await provider.Session.find(id)).toBeUndefined();
});
