import { describe, expect, test } from 'vitest';
import type { ErrorPage } from '../../src/access/pages.ts';
import { pages } from '../../src/pages/pages.ts';
import { readMarkup } from './read-markup.ts';
import { denial, error } from './samples.ts';

describe('error', () => {
  const read = (page: Partial<ErrorPage>) => readMarkup(pages.error({ ...error, ...page })).text;

  test('a denial says who is asking, what is missing, and where to look it up', () => {
    const text = read({});
    for (const fact of [
      'You can’t log in here',
      'alice@example.com',
      'alices-laptop.tailnet.ts.net',
      'No grant of the tailnet policy lets you enter Grafana.',
      'access_denied',
      'r-4f21',
    ]) {
      expect(text).toContain(fact);
    }
  });

  test('a connection without an identity is told so', () => {
    const text = read({ person: undefined });
    expect(text).toContain('You can’t log in from here');
    expect(text).toContain('Nobody:');
  });

  test.each<[string, Partial<ErrorPage>, string]>([
    ['T31', { status: 503, error: 'temporarily_unavailable' }, 'Logins are not possible right now'],
    ['500', { status: 500, error: 'server_error' }, 'Something went wrong on our side'],
    ['502', { status: 502, error: 'server_error' }, 'Something went wrong on our side'],
    ['T08', { status: 400, error: 'invalid_redirect_uri' }, 'an address that is not registered'],
    ['client', { status: 400, error: 'invalid_client' }, 'This app is not known here'],
    ['404', { status: 404, error: 'invalid_request' }, 'There is nothing here'],
    ['405', { status: 405, error: 'invalid_request' }, 'can’t be opened like this'],
    ['410', { status: 410, error: 'invalid_request' }, 'This login is over'],
    ['T26', { status: 403, error: 'invalid_request' }, 'This request was refused'],
    ['T33', { status: 421, error: 'invalid_request' }, 'This is the wrong address'],
    ['429', { status: 429, error: 'invalid_request' }, 'Too many attempts'],
    ['400', { status: 400, error: 'invalid_request' }, 'This login can’t go on'],
    [
      'logout',
      { status: 400, error: 'invalid_request', about: 'logout' },
      'The app sent a logout request',
    ],
  ])('%s: %j', (_, page, words) => {
    const text = read({ person: undefined, ...page });
    expect(text).toContain(words);
    expect(text).not.toContain('Nobody:');
  });

  test('only our own passing trouble offers to try again', () => {
    const again = 'a class="button main" href=""';
    expect(readMarkup(pages.error({ ...error, status: 503, error: 'x' })).tags).toContain(again);
    expect(readMarkup(pages.error(error)).tags).not.toContain(again);
  });

  test.each([
    ['redirect_uri did not match', 'redirect_uri did not match.'],
    ['the host is another one', 'The host is another one.'],
    ['Connect to Tailscale and try again.', 'Connect to Tailscale and try again.'],
  ])('the description %j reads as a sentence', (description, sentence) => {
    expect(read({ description })).toContain(sentence);
    expect(read({ description })).not.toContain('..');
  });

  test('a denial by policy shows its steps and the grant that would change it, to be copied', () => {
    const document = pages.error({ ...error, denial });
    const { text } = readMarkup(document);
    for (const fact of ['Grafana', ...denial.trace]) expect(text).toContain(fact);
    expect(text).toContain(denial.grant);
    expect(document).toContain('<small><bdi>grafana</bdi></small>');
  });

  test('where no grant helps, none is shown', () => {
    const document = pages.error({ ...error, denial: { ...denial, grant: undefined } });
    expect(readMarkup(document).text).toContain('No grant of the tailnet policy changes this');
    expect(document).not.toContain('<pre');
  });

  test('a thousand steps are cut', () => {
    const trace = Array.from({ length: 1000 }, (_, index) => `step ${index}`);
    const { text } = readMarkup(pages.error({ ...error, denial: { ...denial, trace } }));
    expect(text).toContain('step 39');
    expect(text).not.toContain('step 40');
  });

  test('an empty description leaves no empty box', () => {
    expect(pages.error({ ...error, description: '' })).not.toContain('class="notice"');
  });

  test('T17: an app that nobody vouches for is a link, with the address beside it, and no more', () => {
    const back = { host: 'https://claude.test', url: 'https://claude.test/cb?error=x&state=a%22b' };
    const text = pages.error({ ...error, back });
    expect(text).toContain('<bdi>https://claude.test</bdi>');
    expect(text).toContain(
      'rel="noreferrer" href="https://claude.test/cb?error=x&amp;state=a%22b"',
    );
    expect(pages.error(error)).not.toContain('noreferrer');
  });
});
