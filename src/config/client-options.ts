import { z } from 'zod';
import { clientClaimsSchema } from '../policy/client-claims.ts';
import { requirementSchema } from '../policy/requirement.ts';
import type { MayAct } from '../protocol/actor-chain.ts';
import { listOf, members, oneOf, text, wholeNumber } from '../schema/fields.ts';
import { option } from '../schema/option.ts';
import { securityOptions } from './client-security.ts';
import { mayActSchema, peerSchema } from './peer-schema.ts';

/**
 * What we and operators say of a client, and no client says of itself: one object, beside its metadata (RFC 7591). An
 * option is defined here and read where it is used; the configuration file, the store and oidc-provider carry the
 * object as a whole.
 */

/** Why `origin` is no browser origin (RFC 6454) that CORS could name. */
const checkOrigin = (origin: string): string | undefined => {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  return url !== undefined && /^https?:$/u.test(url.protocol) && url.origin === origin
    ? undefined
    : 'must be an origin such as "https://app.example" or "http://app:8080", with no path';
};

const checkScope = (scope: string): string | undefined =>
  /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/u.test(scope)
    ? undefined
    : 'must be a scope (RFC 6749 section 3.3) without a comma';

export const loginModes = ['clickless', 'confirm'] as const;
export const accessModes = ['open', 'granted'] as const;

const daySeconds = 86_400;
const yearSeconds = 365 * daySeconds;

const clientLifetimes = members({
  codeSeconds: option(wholeNumber(1, 600).optional().describe('Authorization codes.'), {
    since: '0.2.0',
  }),
  accessTokenSeconds: wholeNumber(1, daySeconds).optional().describe('Access tokens.'),
  idTokenSeconds: wholeNumber(1, daySeconds).optional().describe('ID tokens.'),
  refreshIdleSeconds: wholeNumber(1, yearSeconds)
    .optional()
    .describe('A refresh token that is not used.'),
  refreshAbsoluteSeconds: wholeNumber(1, yearSeconds)
    .optional()
    .describe('From the login to its last refresh.'),
  refreshGraceSeconds: wholeNumber(0, 1800)
    .optional()
    .describe(
      'How long a rotated refresh token is still answered. After 10 seconds only once, and only over a connection of the device that logged in.',
    ),
}).describe('Lifetimes of this app alone; what is not named follows the general ones.');

/** Members of a client in the configuration file, and of what commands and pages declare. */
export const declaredOptions = {
  login: oneOf(loginModes)
    .optional()
    .describe(
      'clickless: no page. confirm: a page with a button. Default: confirm for public clients with loopback or private-scheme redirects, the general setting for others.',
    ),
  scopes: listOf(text(checkScope), 1, 50)
    .optional()
    .describe('The only scopes that the app may get. Default: all.'),
  allowedOrigins: listOf(text(checkOrigin), 0, 50)
    .default([])
    .describe('Origins that may call from a browser (CORS), beside those of the redirect URIs.'),
  peer: peerSchema.optional(),
  mayAct: mayActSchema.optional(),
  lifetimes: clientLifetimes.optional(),
  access: oneOf(accessModes)
    .optional()
    .describe('Who may enter this app. Default: the general setting.'),
  requires: requirementSchema.optional(),
  claims: clientClaimsSchema.optional(),
  ...securityOptions,
};

export type DeclaredOptions = z.output<z.ZodObject<typeof declaredOptions>>;

export const clientOptionsSchema = z
  .strictObject({
    ...declaredOptions,
    /** As tokens say it (RFC 8693 section 4.4). */
    mayAct: z
      .strictObject({
        sub: z.string().exactOptional(),
        tags: z.array(z.string()).exactOptional(),
        client_id: z.string().exactOptional(),
      })
      .optional(),
    /** An administrator vouches for a client that came by itself. */
    approved: z.boolean(),
    /** It came by itself and waits for an administrator: nobody enters it. */
    quarantined: z.boolean(),
    /** It had registered itself at tsidp. */
    dynamic: z.boolean(),
    /** What people allow it holds for these redirect URIs alone: its metadata document may change at any time. */
    redirectsDigest: z.string(),
  })
  .partial();

/** Absent members follow the general settings. */
export type ClientOptions = Readonly<z.output<typeof clientOptionsSchema>>;

/** What is kept of a declaration. */
export function toOptions(declared: DeclaredOptions): ClientOptions {
  const { mayAct } = declared;
  const names = Object.keys(declaredOptions) as (keyof DeclaredOptions)[];
  const given = names.map((name) => [name, declared[name]] as const);
  return Object.fromEntries([
    ...given.filter(([, value]) => value !== undefined && !isEmpty(value)),
    ...(mayAct === undefined ? [] : [['mayAct', mayActClaim(mayAct)] as const]),
  ]);
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

function mayActClaim(selector: NonNullable<DeclaredOptions['mayAct']>): MayAct {
  if ('node' in selector) return { sub: `node:${selector.node}` };
  return 'client' in selector ? { client_id: selector.client } : { tags: selector.tags };
}
