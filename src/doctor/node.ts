import type { NodeStatus } from '../peer/status.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** The oldest release whose answers were recorded and tried. */
const triedVersion = [1, 102];

/** The tailscaled that remedies are about. */
export interface Remedied {
  /** The command line tool as it speaks to this tailscaled. */
  readonly cli: string;
  /** The daemon runs it itself, and logs it in. */
  readonly isManaged: boolean;
}

/** What tailscaled says of itself and of our node. */
export function nodeFindings(status: NodeStatus, remedied: Remedied): Finding[] {
  const running = status.backendState === 'Running';
  return [
    versionFinding(status.version, remedied),
    running ? ok('tailscaled', 'is logged in') : stateFinding(status.backendState, remedied),
    ...(running ? [tagFinding(status, remedied), mapFinding(status, remedied)] : []),
    ...status.health.map((text) => warning('health', `tailscaled says: ${text}`, lookAt(remedied))),
  ];
}

const lookAt = ({ cli }: Remedied): string => `see "${cli} status" on this machine`;

function versionFinding(version: string, { isManaged }: Remedied): Finding {
  const [major = 0, minor = 0] = version.split(/[.-]/u).map(Number);
  const [triedMajor = 0, triedMinor = 0] = triedVersion;
  const isTried = major > triedMajor || (major === triedMajor && minor >= triedMinor);
  const text = `version ${version || 'unknown'} answers`;
  if (isTried) return ok('tailscaled', text);
  return warning(
    'tailscaled',
    `${text}, and versions before ${triedVersion.join('.')} were never tested`,
    isManaged
      ? 'update the tailscaled that the daemon runs (tailscaled.path), and start the daemon again'
      : 'update Tailscale on this machine',
  );
}

function stateRemedy(state: string, remedied: Remedied): string {
  const { cli, isManaged } = remedied;
  if (state === 'NeedsLogin' && isManaged) {
    return 'open the URL that the log of the running daemon names, or give it a new auth key (tailscaled.authKeyFile, TS_AUTHKEY) and start it again';
  }
  if (state === 'Stopped' && isManaged) return 'start the daemon again: it brings its node up';
  if (state === 'NeedsLogin' || state === 'Stopped') return `run "${cli} up" on this machine`;
  if (state === 'NeedsMachineAuth') {
    return `approve this ${isManaged ? "daemon's node" : 'machine'} in the admin console of the tailnet`;
  }
  return state === 'Starting' || state === 'NoState' ? 'wait, then look again' : lookAt(remedied);
}

function stateFinding(state: string, remedied: Remedied): Finding {
  const text = `is not in its tailnet: it is ${state}, so nobody is known`;
  return problem('tailscaled', text, stateRemedy(state, remedied));
}

function tagFinding({ tags, dnsName }: NodeStatus, { cli, isManaged }: Remedied): Finding {
  if (tags.length > 0) return ok('node', `${dnsName} has ${tags.join(', ')}`);
  return warning(
    'node',
    `${dnsName} belongs to a person: grants name it by its address, and its key expires`,
    isManaged
      ? 'give it a tag of its own, such as tag:idp (tagOwners of the policy, then where the tailnet is administered: tailscaled.advertiseTags counts at a login only)'
      : `give it a tag of its own, such as tag:idp (tagOwners of the policy, then "${cli} up --advertise-tags=tag:idp")`,
  );
}

function mapFinding({ online }: NodeStatus, { cli }: Remedied): Finding {
  if (online) return ok('network map', 'is fresh: the control server is connected');
  return problem(
    'network map',
    'is stale: the control server is not connected, so changed grants and removed devices go unnoticed',
    `see "${cli} netcheck" on this machine; logins end after staleNetworkMapSeconds, and a daemon that starts meanwhile lets nobody in until it is connected again`,
  );
}
