import { checkCertificate } from '../http/certificate-check.ts';
import type { CertificatePair } from '../peer/certificate.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** tailscaled and ACME clients renew earlier than this. */
const soonSeconds = 14 * 86_400;

/**
 * Would the daemon take this certificate, and for how long?
 * @param remedy what to do about a bad one
 */
export function certificateFinding(
  pair: CertificatePair,
  names: readonly string[],
  nowSeconds: number,
  remedy: string,
): Finding {
  const state = checkCertificate(pair, names, nowSeconds);
  if (state.problem !== undefined) return problem('certificate', state.problem, remedy);
  const until = new Date(state.expirySeconds * 1000).toISOString().slice(0, 10);
  const text = `is valid until ${until}`;
  return state.expirySeconds - nowSeconds < soonSeconds
    ? warning('certificate', `${text}, which is soon: its renewal fails`, remedy)
    : ok('certificate', text);
}
