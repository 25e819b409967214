import type { NodeStatus } from '../peer/status.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** The oldest release whose answers were recorded and tried. */
const triedVersion = [1, 102];

/** What tailscaled says of itself and of our node. */
export function nodeFindings(status: NodeStatus): Finding[] {
  const running = status.backendState === 'Running';
  return [
    versionFinding(status.version),
    running ? ok('tailscaled', 'is logged in') : stateFinding(status.backendState),
    ...(running ? [tagFinding(status), mapFinding(status)] : []),
    ...status.health.map((text) =>
      warning('health', `tailscaled says: ${text}`, 'see "tailscale status" on this machine'),
    ),
  ];
}

function versionFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split(/[.-]/u).map(Number);
  const [triedMajor = 0, triedMinor = 0] = triedVersion;
  const isTried = major > triedMajor || (major === triedMajor && minor >= triedMinor);
  const text = `version ${version || 'unknown'} answers`;
  if (isTried) return ok('tailscaled', text);
  return warning(
    'tailscaled',
    `${text}, and older ones than ${triedVersion.join('.')} were never tried`,
    'update Tailscale on this machine',
  );
}

const stateRemedies: Readonly<Record<string, string>> = {
  NeedsLogin: 'run "tailscale up" on this machine',
  NeedsMachineAuth: 'approve this machine in the Tailscale admin console',
  Stopped: 'run "tailscale up" on this machine',
  Starting: 'wait, then look again',
  NoState: 'wait, then look again',
};

function stateFinding(state: string): Finding {
  const remedy = stateRemedies[state] ?? 'see "tailscale status" on this machine';
  return problem('tailscaled', `is not in its tailnet: it is ${state}, so nobody is known`, remedy);
}

function tagFinding({ tags, dnsName }: NodeStatus): Finding {
  if (tags.length > 0) return ok('node', `${dnsName} has ${tags.join(', ')}`);
  return warning(
    'node',
    `${dnsName} belongs to a person: grants name it by its address, and its key expires`,
    'give it a tag of its own, such as tag:idp (tagOwners of the policy, then "tailscale up --advertise-tags=tag:idp")',
  );
}

function mapFinding({ online }: NodeStatus): Finding {
  if (online) return ok('network map', 'is fresh: the control server is connected');
  return problem(
    'network map',
    'is stale: the control server is not connected, so changed grants and removed devices are not heard of',
    'see "tailscale netcheck" on this machine; logins end after staleNetworkMapSeconds',
  );
}
