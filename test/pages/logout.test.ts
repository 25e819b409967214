import { describe, expect, test } from 'vitest';
import { pages } from '../../src/pages/pages.ts';
import { readMarkup } from './read-markup.ts';
import { alice, form } from './samples.ts';

describe('logout', () => {
  const document = pages.logout({ form, person: alice, clientName: 'Grafana' });
  const { text, tags } = readMarkup(document);

  test('asks, names the app, and says that no password guards the next login', () => {
    expect(text).toContain('Grafana asks to sign you out');
    expect(text).toContain('alice@example.com');
    expect(text).toContain('needs no password');
  });

  test('keeps the form of oidc-provider, with a button to sign out and one to stay', () => {
    expect(tags).toContain(
      'form action="https://idp.example/logout/confirm" class="buttons" id="op.logoutForm" method="post"',
    );
    expect(tags).toContain('input name="xsrf" type="hidden" value="4b1f"');
    expect(tags).toContain('button class="main" name="logout" type="submit" value="yes"');
    expect(tags).toContain('button type="submit"');
  });

  test('works for an unknown person and an unnamed app', () => {
    const bare = readMarkup(pages.logout({ form, person: undefined, clientName: undefined })).text;
    expect(bare).toContain('Signing out ends your session');
    expect(bare).not.toContain('undefined');
  });

  test.each([
    '',
    `${form}<script>alert(1)</script>`,
    form.replace('4b1f', '4b1f"><script>alert(1)</script>'),
    form.replace('/logout/confirm', '/"><script>'),
    form.replace('method="post"', 'method="get"'),
  ])('T09: a form of another shape is not put into a page: %j', (other) => {
    expect(() => pages.logout({ form: other, person: alice, clientName: 'Grafana' })).toThrow(
      'shape of the logout form',
    );
  });
});

test('after a logout it says what has ended', () => {
  expect(readMarkup(pages.loggedOut({ clientName: undefined })).text).toContain(
    'You are signed out',
  );
  expect(readMarkup(pages.loggedOut({ clientName: 'Grafana' })).text).toContain(
    'You have left Grafana',
  );
});

test('home says who you are, or why nobody', () => {
  const issuer = 'https://idp.tailnet.ts.net';
  const known = readMarkup(pages.home({ person: alice, refusal: undefined, issuer })).text;
  expect(known).toContain('alice@example.com');
  expect(known).toContain(issuer);
  const refusal = "This device's Tailscale key has expired.";
  const refused = readMarkup(pages.home({ person: undefined, refusal, issuer })).text;
  expect(refused).toContain(refusal);
  const plain = readMarkup(pages.home({ person: undefined, refusal: undefined, issuer })).text;
  expect(plain).not.toContain('undefined');
});
