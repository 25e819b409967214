import { randomBytes } from 'node:crypto';
import type { Context } from 'koa';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { isOwnMember } from '../../store/client-members.ts';
import { generateSecret, hashGenerated } from '../secrets.ts';
import type { Registrant } from './registrant.ts';

/** One registration request under way. */
interface UnderWay {
  registrant?: Registrant;
  /** Generated in this request, to be shown in its answer and never again. */
  secret?: string;
}

const key = 'tsidpRegistration';

function underWay(ctx: Pick<Context, 'state'>): UnderWay {
  ctx.state[key] ??= {};
  return ctx.state[key] as UnderWay;
}

export function setRegistrant(ctx: Pick<Context, 'state'>, registrant: Registrant): void {
  underWay(ctx).registrant = registrant;
}

/** @throws Error where nobody was let in: a wiring mistake, never a client's */
export function registrantOf(ctx: Pick<Context, 'state'>): Registrant {
  const { registrant } = underWay(ctx);
  if (!registrant) throw new Error('a client is registered by nobody');
  return registrant;
}

type Features = NonNullable<Configuration['features']>;

/**
 * oidc-provider's dynamic registration (RFC 7591) and its management (RFC 7592). Who may is decided before it runs
 * (`registrant.ts`); of a secret it only ever sees what we keep of it, so it neither stores nor repeats one.
 * @param secretKey the stored key of purpose `client-secret`
 */
export function registrationFeatures(
  enabled: boolean,
  secretKey: Buffer,
): Pick<Features, 'registration' | 'registrationManagement'> {
  return {
    registration: {
      enabled,
      initialAccessToken: false,
      // as tsidp makes them: none of `: % +`, which clients encode differently in Basic credentials
      idFactory: () => randomBytes(16).toString('hex'),
      secretFactory(ctx: KoaContextWithOIDC) {
        const secret = generateSecret();
        underWay(ctx).secret = secret;
        return hashGenerated(secret, secretKey);
      },
    },
    // a token that was read in a log or a backup ends with the next change
    registrationManagement: { enabled, rotateRegistrationAccessToken: true },
  };
}

/**
 * oidc-provider's answer as clients get it: no member that is null (RFC 7591 3.2.1; schemas of clients refuse
 * those), none of ours, and the secret only if it was made in this request.
 */
export function finishRegistration(ctx: Context): void {
  const body: unknown = ctx.body;
  if (typeof body !== 'object' || body === null || !('client_id' in body)) return;
  const { secret } = underWay(ctx);
  const members = Object.entries(body).filter(
    ([name, value]) =>
      value !== undefined &&
      value !== null &&
      !isOwnMember(name) &&
      name !== 'client_secret' &&
      name !== 'client_secret_expires_at',
  );
  ctx.body = {
    ...Object.fromEntries(members),
    ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
  };
}
