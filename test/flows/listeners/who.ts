import { decodeJwt } from 'jose';
import { refuse } from '../../../src/identity/identify.ts';
import type { RefusalCode } from '../../../src/identity/identity.ts';
import type { Caller, DoorName, doorsOf } from '../../world/callers.ts';
import { attempt } from '../../world/login.ts';
import type { Fields } from '../../world/send.ts';
import type { Outcome } from './listener-table.ts';

type Doors = ReturnType<typeof doorsOf>;

export interface Asked {
  readonly doors: Doors;
  readonly issuer: string;
  readonly door: DoorName;
  readonly caller: Caller;
  readonly fields: Fields;
}

const refusals: readonly RefusalCode[] = ['foreign', 'expired', 'unknown', 'self', 'proxied'];

/** Tries to log in and says who that was. */
export async function outcomeOf({ doors, issuer, door, caller, fields }: Asked): Promise<Outcome> {
  const begun = attempt(issuer, 'grafana');
  const answer = await doors[door].send(caller, { path: pathOf(begun.url), fields });
  const { code, error, error_description: description = '' } = answer.parameters;
  if (code !== undefined) {
    const redeemed = await doors.backchannel.send('unknown', {
      path: '/token',
      fields: [],
      form: {
        grant_type: 'authorization_code',
        code,
        code_verifier: begun.verifier,
        redirect_uri: begun.parameters['redirect_uri'] ?? '',
        client_id: 'grafana',
        client_secret: 'grafana-secret-that-is-long-enough-0',
      },
    });
    if (redeemed.status !== 200) throw new Error(`no tokens: ${redeemed.status} ${redeemed.body}`);
    return decodeJwt(JSON.parse(redeemed.body).id_token).sub as Outcome;
  }
  if (error === undefined) return answer.status as Outcome;
  if (error !== 'access_denied') throw new Error(`${error}: ${description}`);
  const known = refusals.find((name) => description.startsWith(asDescribed(name)));
  // a machine is somebody, but no person
  return (known as Outcome | undefined) ?? 'machine';
}

export const pathOf = ({ pathname, search }: URL): string => pathname + search;

const asDescribed = (code: RefusalCode) =>
  refuse(code).refusal.message.replaceAll('"', "'").slice(0, 60);
