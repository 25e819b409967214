import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type InvalidClient,
  readRegisteredClients,
  type TsidpClient,
} from './registered-clients.ts';
import { readSigningKey, type TsidpKey } from './signing-key.ts';
import { readTsidpFile } from './tsidp-file.ts';

/** What tsidp left in its state directory. */
export interface TsidpState {
  readonly directory: string;
  /** Undefined when tsidp never signed anything. */
  readonly key: TsidpKey | undefined;
  readonly clients: readonly TsidpClient[];
  readonly invalid: readonly InvalidClient[];
  /** SHA-256 in hexadecimal of all of it but the secrets. */
  readonly digest: string;
}

const keyFile = 'oidc-key.json';
const clientsFile = 'oidc-funnel-clients.json';

/** Is there anything of tsidp's in this directory? */
export function hasTsidpState(directory: string): boolean {
  return [keyFile, clientsFile].some((name) => existsSync(join(directory, name)));
}

/**
 * Reads tsidp's files, all or nothing, and leaves them as they are.
 * @returns undefined when there are none
 * @throws {TakeoverError} when one of them is damaged
 */
export function readTsidpState(directory: string): TsidpState | undefined {
  const keySource = readTsidpFile(join(directory, keyFile));
  const clientsSource = readTsidpFile(join(directory, clientsFile));
  if (!keySource && !clientsSource) return undefined;
  const key = keySource && readSigningKey(keySource);
  const { clients, invalid } = clientsSource
    ? readRegisteredClients(clientsSource)
    : { clients: [], invalid: [] };
  const parts = [
    [key?.kid, key?.jwk.n],
    ...[...clients, ...invalid].map(({ id, digest }) => [id, digest]),
  ];
  const all = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return { directory, key, clients, invalid, digest: all };
}
