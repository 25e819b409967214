import { isIP } from 'node:net';
import type { Config } from '../config/config.ts';
import { hostOf } from '../outgoing/destination.ts';
import type { Resolve } from '../outgoing/resolve.ts';
import { type Finding, ok, warning } from './finding.ts';

const timeoutMs = 3000;

/** Hosts of `metadataDocuments.allowedHosts` that have no address here. */
export async function documentFindings(
  { metadataDocuments }: Pick<Config, 'metadataDocuments'>,
  resolve: Resolve,
): Promise<Finding[]> {
  const { mode, allowedHosts } = metadataDocuments;
  const hosts = new Map(allowedHosts.map((entry) => [hostOf(new URL(`https://${entry}`)), entry]));
  const lost = await Promise.all(
    [...hosts].map(async ([host, entry]) => ((await hasAddress(host, resolve)) ? [] : [entry])),
  );
  const entries = lost.flat();
  if (entries.length === 0) {
    const how = mode === 'off' ? "nobody's are taken" : mode;
    return [ok('metadataDocuments', `${how}; ${allowedHosts.length} allowed hosts`)];
  }
  return [
    warning(
      'metadataDocuments',
      `no address is found for ${entries.slice(0, 10).join(', ')}, so clients from there can't log in`,
      'correct metadataDocuments.allowedHosts, or the DNS of this machine',
    ),
  ];
}

async function hasAddress(host: string, resolve: Resolve): Promise<boolean> {
  if (isIP(host) !== 0) return true;
  const { promise: late, resolve: giveUp } = Promise.withResolvers<readonly string[]>();
  const timer = setTimeout(() => giveUp([]), timeoutMs);
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    return (await Promise.race([resolve(host, { signal, system: true }), late])).length > 0;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
