import { generateKeyPairSync, sign } from 'node:crypto';

const warmUp = 50;
const signatures = 1000;

/**
 * CPU time of one RS256 signature (RSA-2048, RFC 7518 section 3.3), in this process: the unit that makes results of
 * different machines comparable.
 */
export function cpuMsPerRs256Signature(): number {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  // as long as an ID token's signing input
  const input = Buffer.alloc(900, 'a');
  for (let index = 0; index < warmUp; index += 1) sign('sha256', input, privateKey);
  const before = process.cpuUsage();
  for (let index = 0; index < signatures; index += 1) sign('sha256', input, privateKey);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / signatures;
}
