import { createHash, timingSafeEqual } from 'node:crypto';
import { type Client, errors, type Interaction, type InteractionResults } from 'oidc-provider';
import { lifetimeOf, optionsOf } from '../../access/client-settings.ts';
import type { ConsentQuestion } from '../../access/consent-question.ts';
import type { ConsentPage, PagePerson } from '../../access/pages.ts';
import { learnedScopes } from '../../access/requested.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { trustDigest } from '../../clients/client-trust.ts';
import { acrTailnet } from '../../protocol/assurance.ts';
import type { Parameters } from '../../protocol/parameters.ts';
import { redirectHost } from '../../protocol/redirect-uri.ts';

interface Asked {
  readonly interaction: Interaction;
  readonly question: ConsentQuestion;
  readonly client: Client;
}

/** The document of the page, as it is at this moment. */
export async function consentPage(
  { interaction, question, client }: Asked,
  person: PagePerson,
  settings: ProviderSettings,
): Promise<string> {
  const facts = await factsOfClient({ interaction, question, client }, settings);
  const { uid } = interaction;
  const token = tokenFor(question, facts, client);
  return settings.pages.consent({ ...facts, person, action: `/interaction/${uid}`, token });
}

/**
 * What the form that was sent says.
 * @throws errors.InvalidRequest 400 for what no button sends, 403 when it is not the form of the page that would be
 *   shown now: another site's, or an older page of a client that has changed since
 */
export async function consentAnswer(
  asked: Asked,
  form: Parameters,
  settings: ProviderSettings,
): Promise<InteractionResults> {
  const { action, token } = form;
  if (action !== 'allow' && action !== 'deny') {
    throw new errors.InvalidRequest('the form must be sent with action=allow or action=deny');
  }
  const { question, interaction } = asked;
  const wanted = tokenFor(question, await factsOfClient(asked, settings), asked.client);
  if (typeof token !== 'string' || !isSame(token, wanted)) {
    throw new errors.InvalidRequest(
      'this answer does not come from the page as it is now: go back to the app and log in again',
      403,
    );
  }
  if (action === 'deny') {
    return {
      error: 'access_denied',
      error_description: 'the person did not allow what the app asked for',
    };
  }
  const ts = settings.clock.nowSeconds();
  const login = { accountId: question.key.subject, ts, acr: acrTailnet };
  return {
    ...(interaction.prompt.name === 'login' ? { login } : {}),
    consent: {},
    select_account: {},
  };
}

type ClientFacts = Omit<ConsentPage, 'person' | 'action' | 'token'>;

async function factsOfClient(
  { interaction, question, client }: Asked,
  settings: ProviderSettings,
): Promise<ClientFacts> {
  const { resources } = question.requested;
  const isDescribed = optionsOf(client).source === 'metadata-document';
  const renews = client.grantTypeAllowed('refresh_token');
  return {
    clientName: client.clientName,
    describedAt: isDescribed ? client.clientId : undefined,
    registration: isDescribed ? undefined : await settings.registrationOf(client.clientId),
    redirectHost: redirectHost(String(interaction.params['redirect_uri'])),
    identityScopes: learnedScopes(question.requested, settings),
    resources,
    renewsSeconds: renews ? lifetimeOf('refreshAbsoluteSeconds', client, settings) : 0,
  };
}

/** Ties a form to the page that it stood on: to its secret, to everything that was to be read there, and to the client. */
function tokenFor({ secret }: ConsentQuestion, facts: ClientFacts, client: Client): string {
  const now = trustDigest({ metadata: { ...client.metadata() }, secretVerifier: null });
  return createHash('sha256')
    .update(JSON.stringify([secret, facts, now]))
    .digest('base64url');
}

function isSame(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}
