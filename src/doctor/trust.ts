import type { Config } from '../config/config.ts';
import type { StatusPeer } from '../peer/status-peers.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** What the configuration trusts beyond the connection itself (T34, T35). */
export function trustFindings(
  { allowSelf, listen }: Pick<Config, 'allowSelf' | 'listen'>,
  peers: readonly Pick<StatusPeer, 'name' | 'stableId' | 'tags' | 'sharee'>[],
): Finding[] {
  const self = allowSelf
    ? [
        warning(
          'allowSelf',
          'every program and container on this machine logs in as its node',
          'leave allowSelf out, unless all that runs here is as trusted as the owner of the node',
        ),
      ]
    : [];
  const proxies = listen.flatMap((one) => (one.type === 'tailnet' ? one.trustedProxies : []));
  return [...self, ...proxies.flatMap((name) => proxyFindings(name, peers))];
}

function proxyFindings(
  name: string,
  peers: Parameters<typeof trustFindings>[1],
): readonly Finding[] {
  const meant = peers.filter(
    ({ stableId, tags, sharee }) => !sharee && (stableId === name || tags.includes(name)),
  );
  if (meant.length === 0) {
    const text = `no node of this tailnet is ${name}, so the requests of that proxy are refused`;
    return [problem('trustedProxies', text, 'correct listen.trustedProxies, or tag the proxy')];
  }
  const names = meant.map((peer) => peer.name);
  return [
    ok('trustedProxies', `${name} is ${names.join(', ')}`),
    warning(
      'trustedProxies',
      `whoever controls ${names.join(', ')} can log in as anybody`,
      'let nobody else own such a node or tag (tagOwners), and let the proxy overwrite X-Forwarded-For',
    ),
  ];
}
