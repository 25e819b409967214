import type { SecureContextOptions } from 'node:tls';

/**
 * What our TLS listeners speak (RFC 9325 sections 3.1.1 and 4.2, which FAPI 2.0 Security Profile 5.2.1 demands): TLS
 * 1.3, and TLS 1.2 with forward secrecy and AEAD only. A list without `TLS_…` names would turn TLS 1.3 off.
 */
export const strongTls = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_128_GCM_SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
  ].join(':'),
} as const satisfies SecureContextOptions;
