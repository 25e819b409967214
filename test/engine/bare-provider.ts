import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';
import { systemClock } from '../../src/clock.ts';
import { createEndings } from '../../src/endings/endings.ts';
import { modelAdapter } from '../../src/engine/model-adapter.ts';
import { openSqlite } from '../../src/store/sqlite/sqlite.ts';

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

/** oidc-provider over our store, without any hook of ours; it reads the system's clock. */
export function bareProvider(): Provider {
  const store = openSqlite({ path: ':memory:', clock: systemClock });
  const { clients, audit } = store;
  const endings = createEndings({ store, clients, audit, clock: systemClock });
  const settings = { endings, clock: systemClock };
  return new Provider('https://idp.example', {
    adapter: (model: string) => modelAdapter(model, store.adapter(model), settings),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clients: [{ client_id: 'app', client_secret: 'x', redirect_uris: ['https://app.example'] }],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    jwks: { keys: [{ ...key, use: 'sig', alg: 'ES256' }] },
    ttl: {
      AccessToken: 300,
      AuthorizationCode: 60,
      ClientCredentials: 300,
      Grant: 1000,
      RefreshToken: 1000,
      Session: 1000,
    },
  });
}
