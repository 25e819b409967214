import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** Makes certificates as authorities do (RFC 5280), with nothing but Node's own cryptography. */

export interface Authority {
  /** PEM. */
  readonly cert: string;
  readonly key: KeyObject;
}

export interface Issued {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface Wanted {
  /** DNS names and IPv4 addresses. */
  readonly names: readonly string[];
  /** Days from now; default from -1 to 90. */
  readonly fromDays?: number;
  readonly toDays?: number;
  /** Of its key. Default ec. */
  readonly type?: 'ec' | 'rsa';
}

export function createAuthority(): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const extensions = [extension('2.5.29.19', true, sequence(tlv(0x01, Buffer.of(0xff))))];
  const cert = certificate(publicKey, privateKey, 'test authority', extensions, -10, 3650);
  return { cert, key: privateKey };
}

export function issue(
  authority: Authority,
  { names, fromDays = -1, toDays = 90, type = 'ec' }: Wanted,
): Issued {
  const { privateKey, publicKey } =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const alternatives = names.map((name) =>
    isIPv4(name)
      ? tlv(0x87, Buffer.from(name.split('.').map(Number)))
      : tlv(0x82, Buffer.from(name)),
  );
  const extensions = [extension('2.5.29.17', false, sequence(...alternatives))];
  return {
    cert: certificate(publicKey, authority.key, names[0] ?? '', extensions, fromDays, toDays),
    key: pem('PRIVATE KEY', privateKey.export({ type: 'pkcs8', format: 'der' })),
  };
}

function certificate(
  publicKey: KeyObject,
  signer: KeyObject,
  subject: string,
  extensions: readonly Buffer[],
  fromDays: number,
  toDays: number,
): string {
  const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
  const toBeSigned = sequence(
    tlv(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    commonName('test authority'),
    sequence(time(fromDays), time(toDays)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = Buffer.concat([Buffer.of(0), sign('sha256', toBeSigned, signer)]);
  return pem('CERTIFICATE', sequence(toBeSigned, ecdsaWithSha256, tlv(0x03, signature)));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [tlv(0x01, Buffer.of(0xff))] : [];
  return sequence(oid(id), ...flag, tlv(0x04, value));
}

function commonName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(name)))));
}

/** UTCTime, which reaches to 2049. */
function time(daysFromNow: number): Buffer {
  const at = new Date(Date.now() + daysFromNow * 86_400_000).toISOString();
  return tlv(0x17, Buffer.from(`${at.slice(2, 19).replace(/[-T:]/g, '')}Z`));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = rest.flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tlv(0x06, Buffer.from([first * 40 + second, ...bytes]));
}

function integer(bytes: Buffer): Buffer {
  return tlv(0x02, bytes);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const short = length < 128;
  const size = short
    ? Buffer.of(length)
    : length < 256
      ? Buffer.of(0x81, length)
      : Buffer.of(0x82, length >> 8, length & 0xff);
  return Buffer.concat([Buffer.of(tag), size, value]);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
