import { readFile, stat } from 'node:fs/promises';
import type { SecureContextOptions } from 'node:tls';
import { ageSeconds, type Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { type CertificatePair, fetchCertificate } from '../peer/certificate.ts';
import type { LocalApi } from '../peer/local-api.ts';
import { checkCertificate } from './certificate-check.ts';
import { ListenError } from './listeners.ts';

export interface Tls {
  current(): SecureContextOptions;
  onRenewal(swap: (renewed: SecureContextOptions) => void): void;
  stop(): void;
}

export type CertificateSource =
  | { readonly certificateFile: string; readonly keyFile: string }
  /** `domain` is the node's DNS name. */
  | { readonly api: Pick<LocalApi, 'get'>; readonly domain: string };

export interface TlsOptions {
  readonly source: CertificateSource;
  /** Hosts of ours; the certificate must be good for one of them. */
  readonly names: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Pause between looks at the source; default a minute for files, six hours for tailscaled. */
  readonly checkMs?: number;
}

const minuteMs = 60_000;
/** tailscaled renews when less than 30 days are left and tells nobody: it is asked this often. */
const renewalMs = 6 * 60 * minuteMs;
/** After trouble: the certificate authority's limits forbid more. */
const retryMs = 15 * minuteMs;
/** Less than this left, and something has failed that should have renewed it. */
const warnSeconds = 14 * 86_400;
const daySeconds = 86_400;

/**
 * The certificate of a listener, kept fresh: from files, which may be replaced at any time, or from tailscaled.
 * A renewal is swapped in for new connections; one that is no good is told and changes nothing.
 * @throws ListenError, LocalApiError that say what is wrong with it, before anything listens
 */
export async function createTls(options: TlsOptions): Promise<Tls> {
  const { source, names, clock, log } = options;
  const isFile = 'keyFile' in source;
  const read = async (): Promise<CertificatePair> => {
    const pair = isFile
      ? await readFiles(source)
      : await fetchCertificate(source.api, source.domain);
    const state = checkCertificate(pair, names, clock.nowSeconds());
    if (state.problem === undefined) {
      expirySeconds = state.expirySeconds;
      return pair;
    }
    const place = isFile ? source.certificateFile : 'tailscaled';
    throw new ListenError(`The certificate of ${place} ${state.problem}.`);
  };

  let expirySeconds = 0;
  let warnedSeconds = 0;
  let trouble = '';
  let swap: (renewed: SecureContextOptions) => void = () => undefined;
  let timer: NodeJS.Timeout;
  let stopped = false;
  let version = isFile ? await versionOf(source) : '';
  let current = await read();

  const renew = async (): Promise<number> => {
    const found = isFile ? await versionOf(source) : '';
    if (!isFile || found !== version) {
      const pair = await read();
      version = found;
      if (pair.cert !== current.cert || pair.key !== current.key) {
        current = pair;
        swap(pair);
        log.info(`certificate renewed, good until ${dateOf(expirySeconds)}`);
      }
    }
    trouble = '';
    warnOfExpiry();
    return isFile ? minuteMs : renewalMs;
  };
  const fail = (error: unknown): number => {
    const reason = error instanceof Error ? error.message : String(error);
    // files are looked at each minute: the same trouble is told once
    if (reason !== trouble) log.error({ err: error }, 'certificate not renewed, the old one stays');
    trouble = reason;
    warnOfExpiry();
    return isFile ? minuteMs : retryMs;
  };
  const warnOfExpiry = () => {
    const nowSeconds = clock.nowSeconds();
    if (
      expirySeconds - nowSeconds > warnSeconds ||
      ageSeconds(nowSeconds, warnedSeconds) < daySeconds
    )
      return;
    warnedSeconds = nowSeconds;
    const state = expirySeconds > nowSeconds ? 'expires' : 'expired';
    log.warn(`the certificate ${state} ${dateOf(expirySeconds)} and was not renewed`);
  };
  const schedule = (pauseMs: number) => {
    if (stopped) return;
    timer = setTimeout(() => void renew().catch(fail).then(schedule), options.checkMs ?? pauseMs);
    timer.unref();
  };

  warnOfExpiry();
  schedule(isFile ? minuteMs : renewalMs);
  return {
    current: () => current,
    onRenewal: (next) => {
      swap = next;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

interface Files {
  readonly certificateFile: string;
  readonly keyFile: string;
}

async function readFiles({ certificateFile, keyFile }: Files): Promise<CertificatePair> {
  const [cert, key] = await Promise.all([certificateFile, keyFile].map(readPem));
  return { cert: cert ?? '', key: key ?? '' };
}

async function readPem(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause) => {
    throw unreadable(path, cause);
  });
}

/** Another text for another content. Watching files misses renames and mounts; asking for their times does not. */
async function versionOf({ certificateFile, keyFile }: Files): Promise<string> {
  const stats = await Promise.all(
    [certificateFile, keyFile].map((path) =>
      stat(path, { bigint: true }).catch((cause) => {
        throw unreadable(path, cause);
      }),
    ),
  );
  return stats.map(({ mtimeNs, size, ino }) => `${mtimeNs} ${size} ${ino}`).join(', ');
}

function unreadable(path: string, cause: Error): ListenError {
  return new ListenError(`The certificate file ${path} can't be read: ${cause.message}`, { cause });
}

function dateOf(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString();
}
