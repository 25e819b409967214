import { once } from 'node:events';
import { connect, getCiphers, type SecureContextOptions } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { type Listening, listen } from '../../src/http/listeners.ts';
import { freePort } from '../world/world.ts';
import { createAuthority, type Issued, issue } from './certificates.ts';

const name = 'idp.tailnet.test';
const authority = createAuthority();
let listening: Listening | undefined;
afterEach(() => listening?.close(0));

async function serve(tls: Issued): Promise<number> {
  const port = await freePort();
  const place = { address: '127.0.0.1', port };
  listening = await listen(
    { place, tls, headerLimitBytes: 16_384, requestTimeoutMs: 5000 },
    (_request, response) => response.end('here'),
  );
  return port;
}

/** What was agreed on with a client that offers this; undefined for no agreement. */
async function agreed(port: number, offer: SecureContextOptions): Promise<string | undefined> {
  const to = { host: '127.0.0.1', port, servername: name, ca: authority.cert };
  try {
    const socket = connect({ ...to, ...offer });
    try {
      await once(socket, 'secureConnect');
      return `${socket.getProtocol()} ${socket.getCipher().name}`;
    } finally {
      socket.destroy();
    }
  } catch {
    return undefined;
  }
}

/** Each by itself, as weak as OpenSSL lets a client be. */
async function agreedOf12(port: number): Promise<string[]> {
  const found: string[] = [];
  for (const cipher of getCiphers().filter((one) => !one.startsWith('tls_'))) {
    const offer = {
      ciphers: `${cipher.toUpperCase()}:@SECLEVEL=0`,
      maxVersion: 'TLSv1.2',
    } as const;
    const answer = await agreed(port, offer);
    if (answer !== undefined) found.push(answer);
  }
  return found.toSorted();
}

describe.each(['ec', 'rsa'] as const)('fapi2 happy-flow: a listener with an %s key', (type) => {
  const key = type === 'ec' ? 'ECDSA' : 'RSA';
  const strong = ['AES128-GCM-SHA256', 'AES256-GCM-SHA384'].map(
    (mode) => `TLSv1.2 ECDHE-${key}-${mode}`,
  );

  it('speaks TLS 1.3, and TLS 1.2 with AEAD ciphers only, also after a renewal', async () => {
    const port = await serve(issue(authority, { names: [name], type }));
    expect(await agreedOf12(port)).toEqual(strong);
    listening?.setCertificate(issue(authority, { names: [name], type }));
    expect(await agreedOf12(port)).toEqual(strong);
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      const offer = { ciphers: 'ALL:@SECLEVEL=0', minVersion: version, maxVersion: version };
      expect(await agreed(port, offer)).toBeUndefined();
    }
    for (const suite of ['AES_256_GCM_SHA384', 'CHACHA20_POLY1305_SHA256', 'AES_128_GCM_SHA256']) {
      const offer = { ciphers: `TLS_${suite}`, minVersion: 'TLSv1.3' } as const;
      expect(await agreed(port, offer)).toBe(`TLSv1.3 TLS_${suite}`);
    }
  });
});
