import { errors } from 'oidc-provider';
import type { ResourceDirectory } from '../../access/resources.ts';
import { canonicalResource } from '../../protocol/resource.ts';
import { identityScopes } from '../../protocol/scope.ts';

/** Parameters of a token exchange (RFC 8693 section 2.1). */
export interface ExchangeRequest {
  readonly subject: PresentedParameter;
  readonly actor: PresentedParameter | undefined;
  /** `resource` and `audience` together, one spelling each; empty when neither was named. */
  readonly targets: readonly string[];
  /** Undefined: as the subject token has them. */
  readonly scopes: readonly string[] | undefined;
  readonly tokenType: 'access_token' | 'jwt';
}

export interface PresentedParameter {
  readonly token: string;
  readonly type: 'access_token' | 'id_token' | 'jwt';
  /** Its name in error messages. */
  readonly name: 'subject_token' | 'actor_token';
}

const typePrefix = 'urn:ietf:params:oauth:token-type:';
export const exchangeParameters = [
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'resource',
  'audience',
  'scope',
  'requested_token_type',
];
export const repeatedParameters = ['resource', 'audience'];

type Parameters = Readonly<Record<string, unknown>>;

/** @throws errors.InvalidRequest that names the parameter and what it must be */
export function readExchange(
  parameters: Parameters,
  resources: ResourceDirectory,
): ExchangeRequest {
  const subject = readPresented(parameters, 'subject_token');
  if (!subject) {
    throw new errors.InvalidRequest("missing required parameter 'subject_token'");
  }
  const scope = textOf(parameters, 'scope');
  return {
    subject,
    actor: readPresented(parameters, 'actor_token'),
    targets: targetsOf(parameters, resources),
    scopes: scope === undefined ? undefined : scope.split(' ').filter((one) => one !== ''),
    tokenType: readRequestedType(textOf(parameters, 'requested_token_type')),
  };
}

function readPresented(
  parameters: Parameters,
  name: PresentedParameter['name'],
): PresentedParameter | undefined {
  const token = textOf(parameters, name);
  const type = textOf(parameters, `${name}_type`);
  if (token === undefined) {
    if (type === undefined) return undefined;
    throw new errors.InvalidRequest(`${name}_type must not be sent without ${name}`);
  }
  const known = (['access_token', 'id_token', 'jwt'] as const).find(
    (one) => type === `${typePrefix}${one}`,
  );
  if (!known) {
    throw new errors.InvalidRequest(
      `${name}_type must be ${typePrefix}access_token, ${typePrefix}id_token or ${typePrefix}jwt`,
    );
  }
  return { token, type: known, name };
}

function readRequestedType(type: string | undefined): ExchangeRequest['tokenType'] {
  if (type === undefined || type === `${typePrefix}access_token`) return 'access_token';
  if (type === `${typePrefix}jwt`) return 'jwt';
  throw new errors.InvalidRequest(
    `requested_token_type must be ${typePrefix}access_token or ${typePrefix}jwt`,
  );
}

export function issuedType(type: ExchangeRequest['tokenType']): string {
  return `${typePrefix}${type}`;
}

function targetsOf(
  { resource, audience }: Parameters,
  resources: ResourceDirectory,
): readonly string[] {
  const uris = textsOf(resource);
  if (!uris.every((uri) => URL.canParse(uri) && !uri.includes('#'))) {
    throw new errors.InvalidTarget(
      'a resource must be an absolute URI without a fragment (RFC 8707 section 2): a name is an audience',
    );
  }
  const texts = [...uris, ...textsOf(audience)];
  for (const one of texts) {
    if (!/^[\x21\x23-\x5b\x5d-\x7e]{1,2000}$/u.test(one)) {
      throw new errors.InvalidTarget('a resource or audience must be printable ASCII');
    }
  }
  return [...new Set(texts.map((one) => resources.find(one)?.uri ?? canonicalResource(one)))];
}

function textsOf(value: unknown): readonly string[] {
  return [value ?? []].flat().filter((one): one is string => typeof one === 'string' && one !== '');
}

function textOf(parameters: Parameters, name: string): string | undefined {
  const value = parameters[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Scopes that say who somebody is and may go along with an exchanged token: not those that give a login more. */
export function travellingScopes(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => identityScopes.has(scope) && scope !== 'offline_access');
}
