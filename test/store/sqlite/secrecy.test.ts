import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newId, saveLogin } from '../contract/login.ts';
import { openStore, temporaryDirectory } from '../opened.ts';

/** T22: the files hold digests, not what opens doors. */
it('keeps no credential in the files', async () => {
  const directory = temporaryDirectory();
  const opened = openStore(join(directory, 'tsidp.db'));
  const { store, clock } = opened;
  const login = await saveLogin(opened);
  const session = newId();
  const interaction = newId();
  const device = newId();
  const pushed = newId();
  const machine = newId();
  const userCode = 'BCDF-GHJK';
  const exp = clock.now + 60;
  await store.adapter('Session').upsert(session, { jti: session, uid: 'uid', exp }, 60);
  await store.adapter('Interaction').upsert(
    interaction,
    {
      jti: interaction,
      returnTo: `https://idp.example/authorize/${interaction}`,
      session: { uid: 'uid', cookie: session },
      deviceCode: device,
      parJti: pushed,
      params: { request_uri: `urn:ietf:params:oauth:request_uri:${pushed}` },
      exp,
    },
    60,
  );
  const code = { jti: device, userCode, params: { user_code: userCode }, exp };
  await store.adapter('DeviceCode').upsert(device, code, 60);
  await store.adapter('PushedAuthorizationRequest').upsert(pushed, { jti: pushed, exp }, 60);
  await store.adapter('ClientCredentials').upsert(machine, { jti: machine, exp }, 60);
  await store.adapter('RefreshToken').consume(login.refresh);
  await store.adapter('AuthorizationCode').consume(login.code);
  await store.committed();

  const search = () => {
    const bytes = Buffer.concat(
      readdirSync(directory).map((name) => readFileSync(join(directory, name))),
    );
    const secrets = { ...login, session, interaction, device, pushed, machine, userCode };
    return Object.entries(secrets)
      .filter(([, value]) => bytes.includes(value))
      .map(([name]) => name);
  };
  expect(readdirSync(directory)).toContain('tsidp.db-wal');
  // A Grant's ID opens nothing, and tokens name their Grant by it.
  expect(search()).toEqual(['grant']);
  expect(await store.adapter('Interaction').find(interaction)).toMatchObject({
    session: { cookie: session },
  });
  await store.close();
  expect(search()).toEqual(['grant']);
});
