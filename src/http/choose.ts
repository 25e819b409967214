import type { AutoListen, Listen } from '../config/listen.ts';
import type { NodeStatus } from '../peer/status.ts';
import { ListenError } from './listeners.ts';

/** A listener of which everything is decided. */
export type ChosenListen = Exclude<Listen, AutoListen>;

export interface Choice {
  readonly listen: ChosenListen;
  /** For the log: what it is, and why. */
  readonly why: string;
}

type Node = Pick<NodeStatus, 'tun' | 'certDomains'>;

/**
 * The safe listener for the tailscaled that is there.
 * @throws ListenError that says what to enable
 */
export function chooseListener(auto: AutoListen, node: Node): Choice {
  const { port, plainHttp, funnel, certificateFile, keyFile, addresses } = auto;
  const serve = { type: 'serve', port, plainHttp, funnel } as const;
  const own = { port, plainHttp, certificateFile, keyFile };
  const hasCertificate = certificateFile !== undefined || node.certDomains.length > 0;
  const scheme = plainHttp ? 'plain HTTP' : 'HTTPS';
  if (funnel) {
    return { listen: serve, why: `behind Tailscale Funnel on port ${port}, as listen.funnel says` };
  }
  if (!plainHttp && !hasCertificate) throw new ListenError(noCertificate);
  if (node.tun || addresses) {
    const where = addresses ? 'the configured addresses' : "the node's own addresses";
    return {
      listen: { type: 'tailnet', ...own, addresses, trustedProxies: [] },
      why: `${scheme} on ${where}, port ${port}, as tailscaled has ${node.tun ? 'a' : 'no'} TUN device`,
    };
  }
  if (certificateFile !== undefined) {
    return {
      listen: { type: 'userspace', ...own },
      why: `${scheme} on loopback, port ${port}, as tailscaled runs without TUN and the certificate comes from files`,
    };
  }
  return {
    listen: serve,
    why: `${scheme} behind tailscale serve, port ${port}, as tailscaled runs without TUN`,
  };
}

const noCertificate =
  'This tailnet gives its nodes no HTTPS certificates. Do one of these: enable them on the DNS page of the Tailscale admin console; give a certificate of your own (listen.certificateFile, listen.keyFile); or serve plain HTTP inside the encrypted tunnel (--plain-http, listen.plainHttp), as Headscale needs.';

/** tsidp's issuer: the node's DNS name, with the port only when it is not the scheme's own. */
export function issuerOf(listen: ChosenListen, { dnsName }: Pick<NodeStatus, 'dnsName'>): string {
  const scheme = 'plainHttp' in listen && listen.plainHttp ? 'http' : 'https';
  return new URL(`${scheme}://${dnsName}:${listen.port}`).origin;
}

/** What about a configured issuer peers could stumble over; empty when it is just this node and listener. */
export function issuerRemarks(
  issuer: string,
  listen: ChosenListen,
  node: Pick<NodeStatus, 'dnsName' | 'addresses'>,
): string[] {
  // a proxy that is known leads from one to the other
  const isBehindProxy = listen.type === 'tailnet' && listen.trustedProxies.length > 0;
  if (listen.type === 'demo' || isBehindProxy) return [];
  const { hostname, port, protocol } = new URL(issuer);
  const remarks: string[] = [];
  if (hostname !== node.dnsName && !node.addresses.includes(hostname.replace(/^\[|\]$/g, ''))) {
    remarks.push(
      `The issuer's host ${hostname} is not this node's name ${node.dnsName}. That works when the name leads straight to this node (own domain). Behind a reverse proxy everybody would look like the proxy, so nobody is logged in unless it passes connections through, or is named in listen.trustedProxies.`,
    );
  }
  const issuerPort = Number(port) || (protocol === 'https:' ? 443 : 80);
  if (issuerPort !== listen.port) {
    remarks.push(
      `The issuer names port ${issuerPort}, the listener has port ${listen.port}: something in between must forward one to the other.`,
    );
  }
  return remarks;
}
