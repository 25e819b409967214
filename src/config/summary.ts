import type { Config } from './config.ts';

type Part = Pick<
  Config,
  'clients' | 'resources' | 'registration' | 'metadataDocuments' | 'tokenExchange'
>;

/** What is on, in one line for people. */
export const summaryOf = (config: Part): string => {
  const { clients, resources, registration, metadataDocuments, tokenExchange } = config;
  return [
    `apps: ${clients.length}`,
    `resources: ${resources.length}`,
    `registration: ${registration.mode}${registration.quarantine ? ' with quarantine' : ''}`,
    `metadata documents: ${metadataDocuments.mode}`,
    `token exchange: ${tokenExchange.enabled ? 'on' : 'off'}`,
  ].join(', ');
};

/** What may be meant so, but needs something that does not stand in the file, or does nothing. */
export const crossWarnings = (config: Part): string[] => [
  ...strangeClients(config),
  ...exchangeWarnings(config),
  ...documentWarnings(config),
];

const strangeClients = ({ clients, resources }: Part): string[] => {
  const declared = new Set(clients.map(({ id }) => id));
  const remark = 'is declared nowhere here; it may be one that "tsidp clients add" added';
  const ofResources = resources.flatMap((resource, index) =>
    resource.clients
      .filter((id) => !declared.has(id))
      .map((id) => `resources[${index}].clients: ${JSON.stringify(id)} ${remark}`),
  );
  const ofActors = clients.flatMap(({ mayAct }, index) =>
    mayAct && 'client' in mayAct && !declared.has(mayAct.client)
      ? [`clients[${index}].mayAct: ${JSON.stringify(mayAct.client)} ${remark}`]
      : [],
  );
  return [...ofResources, ...ofActors];
};

const exchangeWarnings = ({ clients, tokenExchange }: Part): string[] => {
  if (tokenExchange.enabled) return [];
  return clients.flatMap(({ mayAct }, index) =>
    mayAct ? [`clients[${index}].mayAct: does nothing while tokenExchange.enabled is false`] : [],
  );
};

const documentWarnings = ({ metadataDocuments: { mode, pinned } }: Part): string[] => {
  return mode === 'off' && pinned.size > 0
    ? [`metadataDocuments.pinned: its ${pinned.size} clients can't log in while mode is "off"`]
    : [];
};
