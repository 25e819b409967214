import type { Problem } from '../schema/document.ts';
import { valueAt } from '../schema/document.ts';
import type { WrittenListener } from './listen-schema.ts';
import type { Override } from './overrides.ts';

/** A listener as configured. Paths are absolute; files undefined: the certificate is asked of tailscaled. */
export type Listen =
  | AutoListen
  | TailnetListen
  | ServeListen
  | UserspaceListen
  | BackchannelListen
  | DemoListen;

/** Listeners that people's browsers come to; the first one's URL is the issuer. */
export type FrontListen = Exclude<Listen, BackchannelListen>;

/** What is decided when tailscaled's status is known (`http/choose.ts`). */
export interface AutoListen extends CertificateFiles {
  readonly type: 'auto';
  readonly port: number;
  readonly plainHttp: boolean;
  readonly funnel: boolean;
  readonly addresses: readonly string[] | undefined;
}

export interface CertificateFiles {
  readonly certificateFile: string | undefined;
  readonly keyFile: string | undefined;
}

export interface TailnetListen extends CertificateFiles {
  readonly type: 'tailnet';
  readonly port: number;
  readonly plainHttp: boolean;
  /** StableIDs and tags of reverse proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** Undefined: the node's own, also when they change. */
  readonly addresses: readonly string[] | undefined;
}

export interface ServeListen {
  readonly type: 'serve';
  /** Of tailscaled, on the node. */
  readonly port: number;
  readonly plainHttp: boolean;
  readonly funnel: boolean;
}

export interface UserspaceListen extends CertificateFiles {
  readonly type: 'userspace';
  readonly port: number;
  readonly plainHttp: boolean;
}

export interface BackchannelListen extends CertificateFiles {
  readonly type: 'backchannel';
  readonly address: string;
  readonly port: number;
  /** An origin. */
  readonly baseUrl: string;
}

export interface DemoListen {
  readonly type: 'demo';
  /** Loopback addresses. */
  readonly hosts: readonly string[];
  readonly port: number;
}

const kindOf = (listener: unknown): unknown => valueAt(listener, ['type']) ?? 'auto';

/** What listeners demand of each other. Works on the data as written. */
export const listenProblems = (data: unknown, overrides: readonly Override[]): Problem[] => {
  const listen = valueAt(data, ['listen']);
  if (!Array.isArray(listen)) return [];
  const problems: Problem[] = overrides
    .filter(({ path }) => path[0] === 'listen')
    .map(({ path }) => ({
      path,
      text: 'must be written into one of the listeners, as "listen" is a list',
    }));
  const kinds = listen.map(kindOf);
  const fronts = kinds.filter((kind) => kind !== 'backchannel');
  if (listen.length > 0 && fronts.length === 0) {
    problems.push({
      path: ['listen'],
      text: 'must have a listener that people can reach, too: add { "type": "auto" }',
    });
  }
  for (const [index, kind] of kinds.entries()) {
    if (kind === 'backchannel') continue;
    const path = ['listen', index, 'type'];
    if (kinds.indexOf(kind) < index) problems.push({ path, text: 'must not be listed twice' });
    else if ((kind === 'auto' || kind === 'demo') && fronts.length > 1) {
      problems.push({ path, text: 'must be the only listener, apart from backchannel listeners' });
    }
  }
  return problems;
};

/** `tailscale serve` takes a port for itself: a listener of our own there would never be reached. */
export const portProblems = (listeners: readonly Listen[]): Problem[] => {
  const served = listeners.find((one) => one.type === 'serve');
  return listeners.flatMap((one, index) =>
    one.type === 'tailnet' && one.port === served?.port
      ? [{ path: ['listen', index, 'port'], text: `is the serve listener's: tailscaled takes it` }]
      : [],
  );
};

/** The listeners with their defaults. @param relative makes a path of the file absolute */
export const toListeners = (
  written: WrittenListener | readonly WrittenListener[],
  issuer: string | undefined,
  relative: (path: string) => string,
): Listen[] => {
  const list = Array.isArray(written) ? written : [written as WrittenListener];
  const fronts = list.filter(({ type }) => type !== 'backchannel');
  const issuerPort = issuer === undefined || fronts.length > 1 ? '' : new URL(issuer).port;
  return list.map((one): Listen => {
    if (one.type === 'demo') return one;
    const files = (of: { certificateFile?: string | undefined; keyFile?: string | undefined }) => ({
      certificateFile: of.certificateFile && relative(of.certificateFile),
      keyFile: of.keyFile && relative(of.keyFile),
    });
    if (one.type === 'backchannel') return { ...one, ...files(one) };
    const standardPort = one.plainHttp ? 80 : 443;
    const port = one.port ?? (issuerPort === '' ? standardPort : Number(issuerPort));
    if (one.type === 'serve') return { ...one, port };
    if (one.type === 'userspace') return { ...one, ...files(one), port };
    const { addresses } = one;
    if (one.type === 'tailnet') return { ...one, ...files(one), port, addresses };
    return { ...one, ...files(one), type: 'auto', port, addresses };
  });
};

/** The listener whose URL is the issuer. */
export const frontOf = (listeners: readonly Listen[]): FrontListen => {
  const front = listeners.find((one) => one.type !== 'backchannel');
  if (front === undefined) throw new Error('no listener that people can reach');
  return front;
};
