import type Provider from 'oidc-provider';
import type { Config } from './config.ts';
import type { DaemonParts } from './daemon-parts.ts';
import { pages } from './http/pages/pages.ts';
import { createRegistrationApi, type RegistrationApi } from './http/registration.ts';
import type { Oracle } from './identity/oracle.ts';
import type { JoinedTailnet } from './joined-tailnet.ts';
import { createLoginLimit } from './limits/login-limit.ts';
import { createOutgoingFetch } from './outgoing/fetch.ts';
import { createGroupReport, createRuleReport } from './provider/account/rule-report.ts';
import { withListener } from './provider/audit-requests.ts';
import { type ClientRegistry, createClientRegistry } from './provider/client/clients.ts';
import { configuredClients } from './provider/client/configured-clients.ts';
import { type ClientManager, createClientManager } from './provider/client/manage-clients.ts';
import { createSecretChecker, type SecretChecker } from './provider/client/secrets.ts';
import { createDenials } from './provider/denials.ts';
import { createDeviceLimits } from './provider/device/device-limits.ts';
import { withDocuments } from './provider/documents/document-clients.ts';
import { createIntroduction } from './provider/documents/document-introduction.ts';
import { createMetadataDocuments, documentsWork } from './provider/documents/metadata-documents.ts';
import { createProvider } from './provider/provider.ts';
import { registrationFacts } from './provider/registration/registration-facts.ts';
import type { ProviderSettings } from './provider/settings.ts';
import { type AlgorithmsInUse, createAlgorithmsInUse } from './provider/token/algorithms-in-use.ts';
import type { ProviderKeys } from './provider/token/keys.ts';
import { createResources } from './provider/token/resources.ts';
import type { State } from './store/open.ts';

/** What signs, and whom it knows. */
export interface AuthorityParts {
  readonly state: State;
  readonly keys: ProviderKeys;
  readonly secretKey: Buffer;
  readonly tailnet: JoinedTailnet;
  readonly oracle: Oracle;
  readonly issuer: string;
  /** tsidp's files were taken over, and apps know its claims. */
  readonly tookOver: boolean;
}

/** The provider with all that its listeners need of it. */
export interface Authority {
  readonly settings: ProviderSettings;
  readonly provider: Provider;
  readonly registry: ClientRegistry;
  readonly clients: ClientManager;
  readonly registrationApi: RegistrationApi;
  readonly secrets: SecretChecker;
  readonly algorithms: AlgorithmsInUse;
}

/** Joins the stages from identity to provider. */
export function createAuthority(
  config: Config,
  { state: { store }, keys, secretKey, tailnet, oracle, issuer, tookOver }: AuthorityParts,
  { clock, log }: Pick<DaemonParts, 'clock' | 'log'>,
): Authority {
  const { limits, lifetimes } = config;
  const { status } = tailnet;
  const audit = withListener(store.audit);
  const settings: ProviderSettings = {
    issuer,
    login: config.login,
    access: config.access,
    emailVerified: config.emailVerified,
    bareLoginEmail: config.bareLoginEmail ?? (tookOver ? 'login' : 'issuer'),
    lifetimes,
    clock,
    oracle,
    audit,
    recordDenial: createDenials(audit, clock),
    consents: store.consents,
    families: store.families,
    consentSeconds: config.consentDays * 86_400,
    registrationOf: registrationFacts(store),
    pages,
    loginLimit: createLoginLimit(clock, limits.authorizationsPerMinute),
    deviceLimits: createDeviceLimits(clock, lifetimes.devicePollSeconds),
    resources: createResources(config.resources),
    capabilityScopes: config.capabilityScopes,
    tokenExchange: config.tokenExchange,
    registration: config.registration,
    onRules: createRuleReport(log),
    onTooManyGroups: createGroupReport(log),
    ownNode: () => status.current() ?? { tags: [], addresses: [] },
  };
  const configured = configuredClients(config.clients, secretKey, clock);
  const secrets = createSecretChecker({ key: secretKey, clock });
  const registry = createClientRegistry(configured, store.clients);
  const fetch = createOutgoingFetch(config.metadataDocuments);
  const findDocument = createMetadataDocuments({
    ...config.metadataDocuments,
    fetch,
    documents: store.documents,
    consents: store.consents,
    introduce: createIntroduction(clock),
    quarantine: config.registration.quarantine,
    audit: settings.audit,
    clock,
  });
  const algorithms = createAlgorithmsInUse(config, store.clients);
  const provider: Provider = createProvider({
    settings,
    store,
    keys,
    clients: {
      find: async (id) => {
        const client = (await registry.find(id)) ?? (await findDocument(id));
        algorithms.note(client?.metadata);
        return client;
      },
    },
    fetch,
    hasMetadataDocuments: documentsWork(config.metadataDocuments),
    secrets,
    secretKey,
  });
  const clientManager = createClientManager({
    declared: config.clients,
    clients: withDocuments(store.clients, store.documents),
    registrations: store.registrations,
    consents: store.consents,
    audit: store.audit,
    clock,
    secretKey: async () => secretKey,
    forget: (id) => secrets.forget(id),
  });
  const registrationApi = createRegistrationApi({
    settings,
    secretKey,
    bodyLimitBytes: limits.bodyBytes,
  });
  const clients = clientManager;
  return { settings, provider, registry, clients, registrationApi, secrets, algorithms };
}
