import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { CertificatePair } from '../peer/certificate.ts';

/** What is wrong with a certificate, for people, or until when it is good. */
export type CertificateState =
  | { readonly problem: string }
  | { readonly problem: undefined; readonly expirySeconds: number };

/**
 * Would browsers and apps take it?
 * @param names hosts of ours; it must be good for one of them
 */
export function checkCertificate(
  { cert, key }: CertificatePair,
  names: readonly string[],
  nowSeconds: number,
): CertificateState {
  const leaf = attempt(() => new X509Certificate(cert));
  if (!leaf) return { problem: 'holds no certificate in PEM ("-----BEGIN CERTIFICATE-----")' };
  if (key.includes('ENCRYPTED')) {
    return { problem: 'has a private key protected by a passphrase: store the key without one' };
  }
  const privateKey = attempt(() => createPrivateKey(key));
  if (!privateKey) return { problem: 'has no private key in PEM ("-----BEGIN PRIVATE KEY-----")' };
  if (!leaf.checkPrivateKey(privateKey)) {
    return {
      problem:
        "does not belong to the private key: give the key's own certificate, which must stand before those of its authority",
    };
  }
  const fromSeconds = leaf.validFromDate.getTime() / 1000;
  const expirySeconds = leaf.validToDate.getTime() / 1000;
  if (nowSeconds < fromSeconds) {
    return { problem: `is not valid before ${leaf.validFrom}: is this machine's clock right?` };
  }
  if (nowSeconds >= expirySeconds) return { problem: `expired ${leaf.validTo}: renew it` };
  if (!names.some((name) => isFor(leaf, name))) {
    const theirs = leaf.subjectAltName ?? leaf.subject;
    return {
      problem: `is for another name (${theirs}), not for ${[...new Set(names)].join(' or ')}`,
    };
  }
  const reason = unusable(cert, key);
  if (reason !== undefined) {
    return { problem: `can't be used for TLS (${reason}): is the file whole?` };
  }
  return { problem: undefined, expirySeconds };
}

function isFor(leaf: X509Certificate, name: string): boolean {
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  return (isIP(bare) === 0 ? leaf.checkHost(bare) : leaf.checkIP(bare)) !== undefined;
}

/** Only the first certificate was looked at: half a chain behind it, or too weak a key, is told by OpenSSL alone. */
function unusable(cert: string, key: string): string | undefined {
  try {
    createSecureContext({ cert, key });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    // OpenSSL's own words say nothing to an operator
    return undefined;
  }
}
