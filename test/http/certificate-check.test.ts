import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkCertificate } from '../../src/http/certificate-check.ts';
import { createAuthority, issue, type Wanted } from './certificates.ts';

const authority = createAuthority();
const name = 'idp.tailnet.test';
const nowSeconds = Math.floor(Date.now() / 1000);
const ours = issue(authority, { names: [name] });
const check = (pair: { cert: string; key: string }, names = [name]) =>
  checkCertificate(pair, names, nowSeconds);
const wanted = (more: Partial<Wanted>) => issue(authority, { names: [name], ...more });

describe('a certificate that is good', () => {
  it('is good until it expires', () => {
    const state = check(ours);
    if (state.problem !== undefined) throw new Error(state.problem);
    expect(state.expirySeconds).toBeGreaterThan(nowSeconds + 89 * 86_400);
  });

  it.each([
    ['one of several names', { names: ['other.test', name] }, [name]],
    ['a wildcard', { names: ['*.tailnet.test'] }, [name]],
    ['an address', { names: ['127.0.0.1'] }, ['127.0.0.1']],
    ['the second of our names', { names: [name] }, ['login.example.com', name]],
  ])('may be for %s', (_, more, names) => {
    expect(check(wanted(more), names).problem).toBeUndefined();
  });

  it('may be followed by those of its authority', () => {
    expect(check({ ...ours, cert: ours.cert + authority.cert }).problem).toBeUndefined();
  });
});

describe('a certificate that is not is told in words', () => {
  const other = issue(authority, { names: [name] });
  const encrypted = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  }).privateKey;

  it.each([
    ['expired', wanted({ fromDays: -90, toDays: -1 }), /^expired .*: renew it$/],
    ['not yet valid', wanted({ fromDays: 1 }), /^is not valid before .*clock/],
    [
      'of another name',
      wanted({ names: ['evil.test'] }),
      /another name \(DNS:evil\.test\), not for idp[^ ]*$/,
    ],
    ['of a name below', wanted({ names: [`x.${name}`] }), /another name/],
    [
      'with the key of another',
      { cert: ours.cert, key: other.key },
      /does not belong to the private key/,
    ],
    ['behind its authority', { ...ours, cert: authority.cert + ours.cert }, /must stand before/],
    ['with a key under a passphrase', { ...ours, key: encrypted }, /protected by a passphrase/],
    ['with no key', { ...ours, key: ours.cert }, /no private key in PEM/],
    ['not there', { ...ours, cert: '' }, /no certificate in PEM/],
    [
      'followed by half a certificate',
      { ...ours, cert: ours.cert + authority.cert.slice(0, 200) },
      /can't be used for TLS \(.*PEM/,
    ],
    ['a key', { ...ours, cert: ours.key }, /no certificate in PEM/],
    ['cut short', { ...ours, cert: ours.cert.slice(0, 200) }, /no certificate in PEM/],
  ])('%s', (_, pair, problem) => {
    expect(check(pair).problem).toMatch(problem);
    expect(check(pair).problem).not.toContain('BEGIN PRIVATE KEY-----\n');
  });
});
