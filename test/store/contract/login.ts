import { randomBytes } from 'node:crypto';
import type { Opened } from '../opened.ts';

/** What oidc-provider writes for one login, with the ID of every artefact. */
export interface Login {
  readonly grant: string;
  readonly code: string;
  readonly access: string;
  readonly refresh: string;
}

export function newId(): string {
  return randomBytes(32).toString('base64url');
}

export async function saveLogin({ store, clock }: Opened): Promise<Login> {
  const login = { grant: newId(), code: newId(), access: newId(), refresh: newId() };
  const common = { accountId: 'userid:1', clientId: 'grafana', iat: clock.now, scope: 'openid' };
  const token = { ...common, grantId: login.grant };
  await store.adapter('Grant').upsert(
    login.grant,
    {
      ...common,
      jti: login.grant,
      kind: 'Grant',
      device: { stableId: 'nAlice', address: '100.64.0.1' },
      exp: clock.now + 1000,
    },
    1000,
  );
  await store
    .adapter('AuthorizationCode')
    .upsert(login.code, { ...token, jti: login.code, exp: clock.now + 60 }, 60);
  await store
    .adapter('AccessToken')
    .upsert(login.access, { ...token, jti: login.access, exp: clock.now + 300 }, 300);
  await saveRefresh({ store, clock }, login.grant, 0, login.refresh);
  return login;
}

/** @returns the token's ID */
export async function saveRefresh(
  { store, clock }: Opened,
  grantId: string,
  rotations: number,
  id: string = newId(),
): Promise<string> {
  await store.adapter('RefreshToken').upsert(
    id,
    {
      jti: id,
      kind: 'RefreshToken',
      clientId: 'grafana',
      grantId,
      rotations,
      exp: clock.now + 1000,
    },
    1000,
  );
  return id;
}

/** Whether access token, refresh token and Grant are still found. */
export async function alive({ store }: Opened, login: Login): Promise<boolean[]> {
  return [
    (await store.adapter('Grant').find(login.grant)) !== undefined,
    (await store.adapter('AccessToken').find(login.access)) !== undefined,
    (await store.adapter('RefreshToken').find(login.refresh)) !== undefined,
  ];
}
