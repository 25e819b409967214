import type { Config } from '../config/config.ts';
import { exposure } from '../http/exposure.ts';
import { showsRegistration } from '../http/route.ts';
import { type Finding, ok, warning } from './finding.ts';

export interface FunnelQuestion
  extends Pick<Config, 'listen' | 'registration' | 'metadataDocuments'> {
  /** IDs of clients that are tagged nodes. */
  readonly peerClients: readonly string[];
}

/** Who may register clients, and what the public internet reaches where Funnel is on. */
export function registrationFindings(question: FunnelQuestion): Finding[] {
  const { listen, registration } = question;
  const { mode, quarantine } = registration;
  const hasFunnel = listen.some((one) => 'funnel' in one && one.funnel);
  const waiting = quarantine ? ', and each waits for an administrator' : '';
  const who = `${words[mode]}${mode === 'off' ? '' : waiting}`;
  if (mode === 'public' && !hasFunnel) {
    return [
      warning(
        'registration',
        `${who}; but without Funnel nobody outside the tailnet reaches it, and people whom the policy keeps out of apps register, too`,
        'let registration.mode be "tailnet" or "granted"; or add "funnel": true to the listener for clients that call from a cloud',
      ),
    ];
  }
  return [ok('registration', who), ...(hasFunnel ? funnelFindings(question) : [])];
}

const words: Readonly<Record<Config['registration']['mode'], string>> = {
  off: 'no client registers itself',
  granted: 'whoever a grant with allow_dcr names registers clients',
  tailnet: 'every member registers clients',
  public: 'everybody who reaches this server registers clients',
};

function funnelFindings({
  registration: { mode },
  metadataDocuments,
  peerClients,
}: FunnelQuestion): Finding[] {
  const shown = exposure.filter(
    ({ listeners, registration }) =>
      listeners.includes('funnel') && (!registration || showsRegistration('funnel', mode)),
  );
  const paths = shown.map(({ path }) => path).filter((path) => !path.endsWith('/*'));
  const reach = ok(
    'funnel',
    `the public internet reaches ${paths.join(', ')}; never /authorize and the pages: people log in from the tailnet`,
  );
  return [
    reach,
    ...(mode !== 'public' && metadataDocuments.mode !== 'public'
      ? [
          warning(
            'funnel',
            'clients that call from a cloud can neither register there nor come with a document, so they need an ID that an administrator enters',
            'let metadataDocuments.mode be "public", or registration.mode; or add such clients with "tsidp clients add"',
          ),
        ]
      : []),
    ...(peerClients.length > 0
      ? [
          ok(
            'funnel',
            `clients that are tagged nodes are known inside the tailnet alone: ${peerClients.slice(0, 5).join(', ')}`,
          ),
        ]
      : []),
  ];
}
