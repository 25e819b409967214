import { randomBytes } from 'node:crypto';
import { hashSync } from '@node-rs/argon2';
import { describe, expect, test } from 'vitest';
import { generateSecret, hashChosen, hashGenerated } from '../../src/clients/secrets.ts';
import { hashCheaply, key, makeChecker, who } from './secret-checker.ts';

test('generated secrets have 256 bits and nothing that Basic credentials encode', () => {
  const secrets = Array.from({ length: 200 }, generateSecret);
  expect(new Set(secrets).size).toBe(200);
  for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/u);
});

test('verifiers hold no secret and depend on the key', async () => {
  const secret = generateSecret();
  const verifier = hashGenerated(secret, key);
  expect(verifier).toMatch(/^hmac-sha256:[\w-]{43}$/u);
  expect(verifier).not.toContain(secret);
  expect(hashGenerated(secret, key)).toBe(verifier);
  expect(hashGenerated(secret, randomBytes(32))).not.toBe(verifier);
  const chosen = await hashChosen('correct horse');
  expect(chosen).toMatch(/^argon2id:\$argon2id\$v=19\$m=19456,t=2,p=1\$/u);
  expect(await hashChosen('correct horse')).not.toBe(chosen);
  expect(await makeChecker().check(chosen, 'correct horse', who)).toBe(true);
});

const secret = 'Correct-Horse_é';
const verifiers = [
  ['generated', hashGenerated(secret, key)],
  ['chosen', hashCheaply(secret)],
] as const;

describe.each(verifiers)('T16 a %s secret', (_, verifier) => {
  test('T16 fits itself, each time', async () => {
    const { check } = makeChecker();
    for (let time = 0; time < 3; time++) expect(await check(verifier, secret, who)).toBe(true);
  });

  test.each([
    ['empty', ''],
    ['prefix', secret.slice(0, -1)],
    ['suffix added', `${secret}x`],
    ['first letter only', secret[0] ?? ''],
    ['suffix', secret.slice(1)],
    ['twice', secret + secret],
    ['lower case', secret.toLowerCase()],
    ['upper case', secret.toUpperCase()],
    ['NUL added', `${secret}\0`],
    ['NUL before', `\0${secret}`],
    ['cut by NUL', `${secret}\0x`],
    ['blank added', `${secret} `],
    ['line break added', `${secret}\n`],
    ['other Unicode form', secret.normalize('NFD')],
    ['full-width letter', `Ｃ${secret.slice(1)}`],
    ['lone surrogate', `${secret}\ud800`],
    ['percent-encoded', encodeURIComponent(secret)],
    ['the verifier itself', verifier],
    ['too long', secret.padEnd(1025, 'x')],
    ['huge', 'x'.repeat(10_000_000)],
  ])('T16 is not fitted by a variant: %s', async (_name, presented) => {
    const { check } = makeChecker();
    expect(await check(verifier, presented, who)).toBe(false);
    expect(await check(verifier, secret, who)).toBe(true);
    expect(await check(verifier, presented, who)).toBe(false);
  });
});

test('T16 text that UTF-8 cannot tell apart does not fit', async () => {
  const replaced = hashGenerated('secret-\ufffd', key);
  expect(await makeChecker().check(replaced, 'secret-\ud800', who)).toBe(false);
});

test.each([
  [''],
  ['secret'],
  ['hmac-sha256:'],
  ['hmac-sha256:AAAA'],
  [`hmac-sha256:${'!'.repeat(43)}`],
  [`${hashGenerated('secret', key)}A`],
  [`${hashGenerated('secret', key)}=`],
  [hashGenerated('secret', key).replace('hmac-sha256', 'HMAC-SHA256')],
  ['argon2id:'],
  ['argon2id:secret'],
  ['argon2id:$argon2id$'],
  [hashCheaply('secret').slice(0, -1)],
  [hashCheaply('secret').replace('argon2id:', '')],
  [`argon2id:${hashSync('secret', { memoryCost: 64, timeCost: 1, algorithm: 1 })}`],
  [hashCheaply('secret').replace('m=64', 'm=4194304')],
  [hashCheaply('secret').replace('t=1', 't=4000000')],
])('T16 a malformed or costly verifier fits nothing and throws nothing: %s', async (verifier) => {
  expect(await makeChecker().check(verifier, 'secret', who)).toBe(false);
});

test('T16 another key fits nothing', async () => {
  const other = hashGenerated('secret', randomBytes(32));
  expect(await makeChecker().check(other, 'secret', who)).toBe(false);
});

test('T16 after a rotation the old secret is refused at once, though it was remembered', async () => {
  const { check } = makeChecker();
  const [before, after] = [hashCheaply('the old one'), hashCheaply('the new one')];
  expect(await check(before, 'the old one', who)).toBe(true);
  expect(await check(before, 'the old one', who)).toBe(true);
  expect(await check(after, 'the old one', who)).toBe(false);
  expect(await check(after, 'the new one', who)).toBe(true);
});

test('T16 what is remembered of one client does not fit another', async () => {
  const { check } = makeChecker();
  const verifier = hashCheaply('shared secret');
  expect(await check(verifier, 'shared secret', who)).toBe(true);
  const other = { ...who, clientId: 'other' };
  expect(await check(hashCheaply('its own'), 'shared secret', other)).toBe(false);
});
