import { expect, test } from 'vitest';
import { cookieNames } from '../../src/engine/cookie-names.ts';

test.each([
  ['https://idp.tailnet.test', '__Host-tsidp', '__Secure-tsidp-page', '__Secure-tsidp-resume'],
  [
    'https://idp.tailnet.test:8443',
    '__Host-tsidp-8443',
    '__Secure-tsidp-page-8443',
    '__Secure-tsidp-resume-8443',
  ],
  ['http://idp.tailnet.test', 'tsidp', 'tsidp-page', 'tsidp-resume'],
  ['http://[fd7a:115c:a1e0::2]:80', 'tsidp', 'tsidp-page', 'tsidp-resume'],
  ['http://127.0.0.1:4400', 'tsidp-4400', 'tsidp-page-4400', 'tsidp-resume-4400'],
])('cookies of %s', (issuer, session, interaction, resume) => {
  expect(cookieNames(issuer)).toEqual({ session, interaction, resume });
});
