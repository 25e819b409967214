import { readFile } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { readFailure } from '../config/cross-check.ts';
import { frontOf, type Listen } from '../config/listen.ts';
import { type ChosenListen, chooseListener, issuerOf, issuerRemarks } from '../http/choose.ts';
import { ListenError } from '../http/listeners.ts';
import { type CertificatePair, fetchCertificate } from '../peer/certificate.ts';
import { type LocalApi, LocalApiError } from '../peer/local-api.ts';
import type { NodeStatus } from '../peer/status.ts';
import { certificateFinding } from './certificate.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { portFinding } from './port.ts';

export interface ListenerParts {
  readonly config: Config;
  readonly node: NodeStatus;
  readonly api: LocalApi;
  readonly clock: Clock;
}

/** How apps and people reach the daemon: issuer, HTTPS, certificate, ports. */
export async function listenerFindings(parts: ListenerParts): Promise<Finding[]> {
  const { config, node } = parts;
  const chosen = choose(frontOf(config.listen), node);
  if (!('listen' in chosen)) return [chosen];
  const { listen } = chosen;
  const issuer = config.issuer ?? issuerOf(listen, node);
  const front = await frontFindings(listen, issuer, parts);
  const others = config.listen.filter(({ type }) => type === 'backchannel') as ChosenListen[];
  const ports = await Promise.all([listen, ...others].map((one) => portsOf(one, issuer, node)));
  return [...front, ...ports.flat()];
}

/** What the daemon calls itself; undefined where it would not start. */
export function expectedIssuer(config: Config, node: NodeStatus): string | undefined {
  if (config.issuer !== undefined) return config.issuer;
  const chosen = choose(frontOf(config.listen), node);
  return 'listen' in chosen ? issuerOf(chosen.listen, node) : undefined;
}

function choose(front: Listen, node: NodeStatus): { listen: ChosenListen } | Finding {
  if (front.type !== 'auto') return { listen: front };
  try {
    return { listen: chooseListener(front, node).listen };
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    const [text = '', ...remedy] = error.message.split('. ');
    return problem('HTTPS', text, remedy.join('. '));
  }
}

async function frontFindings(
  listen: ChosenListen,
  issuer: string,
  { config, node, api, clock }: ListenerParts,
): Promise<Finding[]> {
  const remarks = issuerRemarks(issuer, listen, node).map((text) =>
    warning('issuer', text, 'change "issuer", or leave it out to use the name of the node'),
  );
  const found = remarks.length > 0 ? remarks : [ok('issuer', issuer)];
  if (listen.type === 'demo' || ('plainHttp' in listen && listen.plainHttp)) {
    return [...found, ok('HTTPS', 'is off: plain HTTP inside the tunnel, as configured')];
  }
  if ('certificateFile' in listen && listen.certificateFile && listen.keyFile) {
    const { certificateFile, keyFile } = listen;
    const remedy = `renew ${certificateFile} and ${keyFile}`;
    const read = async (): Promise<CertificatePair> => ({
      cert: await readFile(certificateFile, 'utf8'),
      key: await readFile(keyFile, 'utf8'),
    });
    return [...found, await checked(read, [new URL(issuer).hostname], remedy, clock)];
  }
  if (node.certDomains.length === 0) return [...found, noHttps];
  const on = ok('HTTPS', `tailscaled gets certificates for ${node.certDomains.join(', ')}`);
  // behind tailscale serve the certificate never comes to us
  if (listen.type === 'serve' || config.tailscaled.managed) return [...found, on];
  const names = [new URL(issuer).hostname, node.dnsName];
  const read = () => fetchCertificate(api, node.dnsName);
  return [...found, on, await checked(read, names, 'see "tailscale cert" on this machine', clock)];
}

const noHttps = problem(
  'HTTPS',
  'is off for this tailnet, so the daemon gets no certificate',
  'enable it on the DNS page of the Tailscale admin console; or configure listen.certificateFile and listen.keyFile, or listen.plainHttp',
);

async function checked(
  read: () => Promise<CertificatePair>,
  names: readonly string[],
  remedy: string,
  clock: Clock,
): Promise<Finding> {
  try {
    return certificateFinding(await read(), names, clock.nowSeconds(), remedy);
  } catch (error) {
    const reason = error instanceof LocalApiError ? error.message : readFailure(error);
    return problem('certificate', `can't be had: ${reason}`, remedy);
  }
}

/** Where this listener has a port of this machine; behind tailscale serve it has none. */
async function portsOf(listen: ChosenListen, issuer: string, node: NodeStatus): Promise<Finding[]> {
  if (listen.type === 'serve') return [];
  const tls =
    listen.type === 'backchannel'
      ? listen.certificateFile !== undefined
      : listen.type !== 'demo' && !listen.plainHttp;
  const questions = addressesOf(listen, node).map((address) => ({
    address,
    port: listen.port,
    tls,
    issuer,
  }));
  return Promise.all(questions.map(portFinding));
}

function addressesOf(
  listen: Exclude<ChosenListen, { type: 'serve' }>,
  node: NodeStatus,
): readonly string[] {
  if (listen.type === 'demo') return listen.hosts;
  if (listen.type === 'backchannel') return [listen.address];
  if (listen.type === 'userspace') return ['127.0.0.1'];
  return listen.addresses ?? node.addresses;
}
