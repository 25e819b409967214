import type { ServeEntry } from './serve-config.ts';
import type { NodeStatus } from './status.ts';

const funnelPorts = 'https://tailscale.com/cap/funnel-ports?';

/** Why tailscaled would not serve this entry, with the remedy; undefined when it will. */
export function serveProblem(
  { certDomains, attributes }: Pick<NodeStatus, 'certDomains' | 'attributes'>,
  { port, plainHttp, funnel }: Pick<ServeEntry, 'port' | 'plainHttp' | 'funnel'>,
): string | undefined {
  if (plainHttp) return undefined;
  if (certDomains.length === 0 || (funnel && !attributes.includes('https'))) {
    const without = funnel ? '' : ', or serve plain HTTP inside the tunnel (listen.plainHttp)';
    return `This tailnet gives its nodes no HTTPS certificates: enable them on the DNS page of the Tailscale admin console${without}.`;
  }
  if (!funnel) return undefined;
  if (!attributes.includes('funnel')) {
    return 'The tailnet policy does not let this node use Funnel: add { "target": ["tag:…" or the owner], "attr": ["funnel"] } for it to "nodeAttrs", or turn listen.funnel off.';
  }
  const allowed = allowedPorts(attributes);
  if (allowed.some(([first, last]) => first <= port && port <= last)) return undefined;
  const names = allowed.map(([first, last]) => (first === last ? first : `${first}-${last}`));
  return `Funnel is not allowed on port ${port} of this node, only on ${names.join(', ') || 'none'}: choose another (listen.port).`;
}

/** Closed ranges, from an attribute such as `…/funnel-ports?ports=443,8080-8090`. */
function allowedPorts(attributes: readonly string[]): [first: number, last: number][] {
  return attributes
    .filter((name) => name.startsWith(funnelPorts))
    .flatMap((name) => (new URL(name).searchParams.get('ports') ?? '').split(','))
    .flatMap((range): [number, number][] => {
      const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? [];
      return first === undefined ? [] : [[Number(first), Number(last)]];
    });
}
