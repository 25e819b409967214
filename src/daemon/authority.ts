import type Provider from 'oidc-provider';
import { withListener } from '../access/audit-requests.ts';
import { createDenials } from '../access/denials.ts';
import { createResources } from '../access/resources.ts';
import { createGroupReport, createRuleReport } from '../access/rule-report.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { type ClientRegistry, createClientRegistry } from '../clients/clients.ts';
import { configuredClients } from '../clients/configured-clients.ts';
import { withDocuments } from '../clients/documents/document-clients.ts';
import { createIntroduction } from '../clients/documents/document-introduction.ts';
import { createMetadataDocuments, documentsWork } from '../clients/documents/metadata-documents.ts';
import { type ClientManager, createClientManager } from '../clients/manage-clients.ts';
import { registrationFacts } from '../clients/registration/registration-facts.ts';
import { reservedIds } from '../clients/reserved-ids.ts';
import { createSecretChecker } from '../clients/secrets.ts';
import type { Config } from '../config/config.ts';
import type { Endings } from '../endings/ending.ts';
import { createEndings } from '../endings/endings.ts';
import { createDeviceLimits } from '../flows/device/device-limits.ts';
import { createRegistrationApi, type RegistrationApi } from '../http/registration.ts';
import type { Oracle } from '../identity/oracle.ts';
import { createLoginLimit } from '../limits/login-limit.ts';
import { createTokenLimit } from '../limits/token-limit.ts';
import { createOutgoingFetch } from '../outgoing/fetch.ts';
import { pages } from '../pages/pages.ts';
import type { State } from '../store/sqlite/open.ts';
import { type AlgorithmsInUse, createAlgorithmsInUse } from '../tokens/algorithms-in-use.ts';
import type { ProviderKeys } from '../tokens/keys.ts';
import type { DaemonParts } from './daemon-parts.ts';
import type { JoinedTailnet } from './joined-tailnet.ts';
import { createProvider } from './provider.ts';
import { createTurningProvider, type TurningProvider } from './turning-provider.ts';

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
  /** Told of every provider that is made. */
  readonly prepare: (provider: Provider) => void;
}

/** The provider with all that its listeners need of it. */
export interface Authority {
  readonly settings: ProviderSettings;
  readonly provider: TurningProvider;
  readonly registry: ClientRegistry;
  readonly clients: ClientManager;
  readonly registrationApi: RegistrationApi;
  readonly endings: Endings;
  readonly algorithms: AlgorithmsInUse;
}

/** Joins the stages from identity to provider. */
export function createAuthority(
  config: Config,
  { state: { store }, keys, secretKey, tailnet, oracle, issuer, tookOver, prepare }: AuthorityParts,
  { clock, log }: Pick<DaemonParts, 'clock' | 'log'>,
): Authority {
  const { limits, lifetimes } = config;
  const { status } = tailnet;
  const audit = withListener(store.audit);
  const secrets = createSecretChecker({ key: secretKey, clock });
  const storedClients = withDocuments(store.clients, store.documents);
  const endings = createEndings({
    store,
    clients: storedClients,
    audit,
    clock,
    hear: [
      ({ what }) => {
        if (what.kind === 'client') secrets.forget(what.id);
      },
    ],
  });
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
    endings,
    consentSeconds: config.consentDays * 86_400,
    registrationOf: registrationFacts(store),
    pages,
    loginLimit: createLoginLimit(clock, limits.authorizationsPerMinute),
    tokenLimit: createTokenLimit(clock, limits.tokensPerMinute),
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
  const isReserved = reservedIds(settings.resources);
  const registry = createClientRegistry(configured, store.clients, isReserved);
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
  const providerParts = {
    settings,
    store,
    clients: {
      find: async (id: string) => {
        const known = await registry.find(id);
        const client = known ?? (isReserved(id) ? undefined : await findDocument(id));
        algorithms.note(client?.metadata);
        return client;
      },
    },
    fetch,
    hasMetadataDocuments: documentsWork(config.metadataDocuments),
    secrets,
    secretKey,
  };
  const provider = createTurningProvider((turned) => {
    const made = createProvider({ ...providerParts, keys: turned });
    prepare(made);
    return made;
  }, keys);
  const clientManager = createClientManager({
    declared: config.clients,
    clients: storedClients,
    endings,
    registrations: store.registrations,
    consents: store.consents,
    audit: store.audit,
    clock,
    secretKey: async () => secretKey,
    isReserved,
    forget: (id) => secrets.forget(id),
  });
  const registrationApi = createRegistrationApi({
    settings,
    secretKey,
    bodyLimitBytes: limits.bodyBytes,
  });
  const clients = clientManager;
  return { settings, provider, registry, clients, registrationApi, endings, algorithms };
}
