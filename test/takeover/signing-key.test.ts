import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { readTsidpState } from '../../src/takeover/tsidp-state.ts';
import { read, refusal } from './read.ts';
import { keyFile, keyText, kid, pem, privateKey, tsidpDirectory } from './tsidp-directory.ts';

test('is read whole, its kid beyond 2^53 with every digit', () => {
  const { key } = read(keyText())!;
  const { n, d } = privateKey.export({ format: 'jwk' });
  expect(key).toMatchObject({ kid, jwk: { kid, alg: 'RS256', use: 'sig', kty: 'RSA', n, d } });
});

test.each(['0', '9007199254740993', '18446744073709551615'])('kid %s', (number) => {
  expect(read(keyText(number))?.key?.kid).toBe(number);
});

const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pkcs8 = (key: typeof small) => String(key.export({ type: 'pkcs8', format: 'pem' }));

test('of another PEM form is a key, too', () => {
  expect(read(keyText(kid, pkcs8(privateKey)))?.key?.kid).toBe(kid);
});

test.each<[what: string, text: string, says: RegExp]>([
  ['empty file', '', /oidc-key\.json: is empty\. The file is cut short/u],
  ['file cut short', keyText().slice(0, 300), /oidc-key\.json:1:\d+: .*cut short/u],
  ['trailing comma', `{"kid":1,"key":"x",}`, /oidc-key\.json:1:20: property name expected/u],
  ['comment', `// old\n${keyText()}`, /oidc-key\.json:1:1: invalid comment token/u],
  ['text after it', `${keyText()} x`, /oidc-key\.json:1:\d+: /u],
  ['the same member twice', `{"kid":1,"kid":2,"key":"x"}`, /:1: kid stands here twice/u],
  ['list', '[]', /oidc-key\.json:1: must be an object with "kid" and "key"/u],
  ['text', '"x"', /must be an object with "kid" and "key"/u],
  ['null', 'null', /must be an object with "kid" and "key"/u],
  ['no kid', `{"key":"x"}`, /oidc-key\.json:1: kid is missing/u],
  ['no key', `{\n"kid":1}`, /oidc-key\.json:1: key is missing/u],
  ['kid as text', keyText(`"${kid}"`), /kid must be a whole number from 0 to 184467/u],
  ['negative kid', keyText('-1'), /kid must be a whole number/u],
  ['broken kid', keyText('1.5'), /kid must be a whole number/u],
  ['kid of 65 bits', keyText('18446744073709551616'), /kid must be a whole number/u],
  ['kid with an exponent', keyText('1e30'), /kid must be a whole number/u],
  ['key as a number', `{"kid":1,"key":5}`, /key must be text/u],
  ['no PEM', keyText(kid, 'secret'), /:1: key can't be used as an RSA key in PEM/u],
  ['PEM cut short', keyText(kid, pem.slice(0, 400)), /key can't be used as an RSA key in PEM/u],
  ['short key', keyText(kid, pkcs8(small)), /it has 1024 bits, RS256 needs 2048/u],
  ['other kind of key', keyText(kid, pkcs8(curve)), /it is of type ec/u],
  ['no JSON number', keyText('01'), /oidc-key\.json/u],
  ['control character', '{"kid":1,"key":"a\u0001"}', /oidc-key\.json/u],
])('refused: %s', (_, text, says) => {
  const message = refusal(() => read(text));
  expect(message).toMatch(says);
  expect(message).toContain('Nothing was taken over');
  expect(message).not.toContain('secret');
  expect(message).not.toContain(pem.slice(100, 140));
});

test('bytes that are no UTF-8 are refused', () => {
  const directory = tsidpDirectory(undefined, undefined);
  directory.write(keyFile, Uint8Array.of(0x22, 0xc3, 0x22));
  expect(refusal(() => readTsidpState(directory.path))).toMatch(/is not JSON in UTF-8/u);
});

test('nesting without end is refused', () => {
  expect(refusal(() => read('['.repeat(200_000)))).toMatch(/oidc-key\.json/u);
});

test('a file that others may write is not believed', () => {
  const directory = tsidpDirectory(undefined, undefined);
  directory.write(keyFile, keyText(), 0o620);
  expect(refusal(() => readTsidpState(directory.path))).toMatch(
    /is writable by others \(mode 620\).*chmod 600/u,
  );
});

test('a directory in its place is no file', () => {
  const directory = tsidpDirectory(undefined, undefined);
  tsidpDirectory(undefined, undefined, `${directory.path}/${keyFile}`);
  expect(refusal(() => readTsidpState(directory.path))).toMatch(/is not a file|EISDIR/u);
});
