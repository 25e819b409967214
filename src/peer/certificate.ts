import { type LocalApi, LocalApiError } from './local-api.ts';

export interface CertificatePair {
  /** PEM. */
  readonly key: string;
  /** PEM chain. */
  readonly cert: string;
}

/** The first certificate may take tailscaled a minute with its authority. */
const timeoutMs = 120_000;

/**
 * The node's certificate from tailscaled.
 * @param domain DNS name without trailing dot
 * @throws LocalApiError whose message says what to enable
 */
export async function fetchCertificate(
  api: Pick<LocalApi, 'get'>,
  domain: string,
): Promise<CertificatePair> {
  const path = `/localapi/v0/cert/${encodeURIComponent(domain)}?type=pair&min_validity=720h`;
  const { status, text, headers } = await api.get(path, { timeoutMs });
  if (status === 200) return split(text);
  const reason = text.trim().split('\n')[0] ?? '';
  throw new LocalApiError(
    'status',
    `tailscaled gives no certificate for ${domain} (${status}: ${reason}). ${remedyFor(status, headers['retry-after'])}`,
    { status },
  );
}

function remedyFor(status: number, retryAfter: string | undefined): string {
  switch (status) {
    case 403:
      return 'Run as root, or set TS_PERMIT_CERT_UID to our user in the environment of tailscaled.';
    case 429:
      return `The certificate authority limits how often it answers: try again ${retryAfter === undefined ? 'later' : `after ${retryAfter} seconds`}.`;
    default:
      return 'Enable HTTPS certificates in the DNS page of the Tailscale admin console, or configure listen.certificateFile and listen.keyFile, or listen.plainHttp.';
  }
}

function split(text: string): CertificatePair {
  const begin = text.indexOf('-----BEGIN CERTIFICATE-----');
  const key = begin === -1 ? '' : text.slice(0, begin);
  if (!key.includes('PRIVATE KEY-----')) {
    throw new LocalApiError('nonsense', 'tailscaled answered something that is not a certificate');
  }
  return { key, cert: text.slice(begin) };
}
