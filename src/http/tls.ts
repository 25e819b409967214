import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Listen } from '../config/listen.ts';
import type { Logger } from '../log.ts';
import { fetchCertificate } from '../peer/certificate.ts';
import type { LocalApi } from '../peer/local-api.ts';

export interface Tls {
  /** Undefined for plain HTTP. */
  current(): SecureContextOptions | undefined;
  onRenewal(swap: (renewed: SecureContextOptions) => void): void;
  stop(): void;
}

export interface TlsParts {
  readonly api: LocalApi;
  /** DNS name of the certificate. */
  readonly domain: string;
  readonly log: Logger;
}

/** Neither tailscaled nor whoever writes the files tells of a renewal; so both are asked again this often. */
const renewalMs = 6 * 3600 * 1000;

/**
 * The certificate of a listener, kept fresh: from the configured files, else from tailscaled.
 * @throws Error that says which file or what tailscaled misses
 */
export async function createTls(listen: Listen, parts: TlsParts): Promise<Tls> {
  if (!('certificateFile' in listen) || ('plainHttp' in listen && listen.plainHttp)) {
    return { current: () => undefined, onRenewal: () => undefined, stop: () => undefined };
  }
  const { certificateFile, keyFile } = listen;
  const read = async () => {
    const pair =
      certificateFile && keyFile
        ? { cert: await readPem(certificateFile), key: await readPem(keyFile) }
        : await fetchCertificate(parts.api, parts.domain);
    createSecureContext(pair); // throws when key and certificate do not belong together
    return pair;
  };
  let current = await read();
  let swap: (renewed: SecureContextOptions) => void = () => undefined;
  const timer = setInterval(() => {
    read().then(
      (renewed) => {
        if (renewed.cert === current.cert) return;
        current = renewed;
        swap(renewed);
        parts.log.info('certificate renewed');
      },
      (error) => parts.log.error({ err: error }, 'certificate not renewed, the old one stays'),
    );
  }, renewalMs);
  timer.unref();
  return {
    current: () => current,
    onRenewal: (next) => {
      swap = next;
    },
    stop: () => clearInterval(timer),
  };
}

async function readPem(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause) => {
    throw new Error(`The certificate file ${path} can't be read: ${cause.message}`, { cause });
  });
}
