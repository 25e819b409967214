import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { onTestFinished } from 'vitest';

/** Beyond 2^53, as nearly all of tsidp's are. */
export const kid = '12307621757473317812';

/** One key for all tests of a file: making one takes long. */
export const privateKey: KeyObject = generateKeyPairSync('rsa', {
  modulusLength: 2048,
}).privateKey;

/** As tsidp writes it: PKCS#1. */
export const pem = String(privateKey.export({ type: 'pkcs1', format: 'pem' }));

export const keyText = (number = kid, text = pem): string =>
  `{"kid":${number},"key":${JSON.stringify(text)}}`;

const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

/** An entry of tsidp's clients file, with every member that it writes. */
export const entryOf = (id: string, more: Record<string, unknown> = {}) => ({
  client_id: id,
  client_secret: hex(32),
  client_name: 'bench',
  redirect_uris: ['https://bench.test/cb'],
  token_endpoint_auth_method: 'client_secret_post',
  grant_types: ['authorization_code'],
  response_types: ['code'],
  application_type: 'web',
  dynamically_registered: true,
  created_at: '2026-11-21T07:49:26.695408096Z',
  redirect_uri: 'https://bench.test/cb',
  ...more,
});

/** IDs as tsidp makes them. */
export const clientId = (): string => hex(16);

export interface TsidpDirectory {
  readonly path: string;
  /** Every file with its text, to see that nothing was touched. */
  readonly texts: () => Record<string, string>;
  write(name: string, text: string | Uint8Array, mode?: number): void;
}

export const keyFile = 'oidc-key.json';
export const clientsFile = 'oidc-funnel-clients.json';

/** A state directory as tsidp leaves it; undefined leaves the file out. */
export const tsidpDirectory = (
  key: string | undefined,
  clients: string | Record<string, unknown> | undefined,
  path?: string,
): TsidpDirectory => {
  const directory = path ?? mkdtempSync(join(tmpdir(), 'tsidp-takeover-'));
  if (path === undefined) onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  else mkdirSync(directory, { recursive: true, mode: 0o700 });
  const written: string[] = [];
  const made: TsidpDirectory = {
    path: directory,
    texts: () =>
      Object.fromEntries(
        written.map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
      ),
    write(name, text, mode = 0o600) {
      writeFileSync(join(directory, name), text, { mode });
      chmodSync(join(directory, name), mode);
      if (!written.includes(name)) written.push(name);
    },
  };
  if (key !== undefined) made.write(keyFile, key);
  if (typeof clients === 'string') made.write(clientsFile, clients);
  else if (clients) made.write(clientsFile, JSON.stringify(clients, undefined, 1));
  return made;
};

/** A `tailscaled.state` as tailscaled writes it: JSON whose values are base64. */
export const tailscaledState = (node: {
  readonly stableId?: string;
  readonly hostname?: string;
  readonly tailnet?: string;
}): string => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const profile = {
    ID: 'd1a2',
    Key: 'profile-d1a2',
    Name: 'tagged-devices',
    NodeID: node.stableId,
    NetworkProfile: { MagicDNSName: node.tailnet },
  };
  return JSON.stringify({
    _machinekey: base64('privkey:00'),
    '_current-profile': base64('profile-d1a2'),
    _profiles: base64(JSON.stringify({ d1a2: profile, old: { Key: 'profile-old' } })),
    'profile-d1a2': base64(JSON.stringify({ Hostname: node.hostname, WantRunning: true })),
  });
};

/** An ID token as tsidp signed them. */
export const signedByTsidp = (issuer: string, audience: string): Promise<string> =>
  new SignJWT({ sub: 'userid:1' })
    .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience([audience])
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(createPrivateKey(pem));
