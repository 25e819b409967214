import { describe, expect, test } from 'vitest';
import { pages } from '../../src/pages/pages.ts';
import { readMarkup } from './read-markup.ts';
import { alice, confirm, runner } from './samples.ts';

describe('confirm', () => {
  const { text, tags } = readMarkup(pages.confirm(confirm));

  test('says who goes where, with which device, and why it asks', () => {
    expect(text).toContain('Continue as alice@example.com to Grafana?');
    for (const fact of [
      'Alice Architect',
      'alices-laptop.tailnet.ts.net',
      'https://grafana.tailnet.ts.net:3000',
      'the app asked you to log in again',
      'your e-mail address',
    ]) {
      expect(text).toContain(fact);
    }
  });

  test('posts continue or cancel to the action', () => {
    expect(tags).toContain('form action="/interaction/abc123" class="buttons" method="post"');
    expect(tags).toContain('button class="main" name="action" type="submit" value="continue"');
    expect(tags).toContain('button name="action" type="submit" value="cancel"');
  });

  test.each([
    [['login'], 'because the app asked you to log in again.'],
    [['select_account'], 'because the app asked which account you want to use.'],
    [['consent'], 'because the app asked for your consent.'],
    [['max_age'], 'because your last login was too long ago for this app.'],
    [['confirm'], 'because logins to this app have to be confirmed.'],
    [['login', 'consent'], 'log in again, and the app asked for your consent.'],
    [['login_prompt', 'no_session'], 'because the app asked you to log in again.'],
    [['consent_prompt'], 'because the app asked for your consent.'],
    [['something_new'], 'because this login has to be confirmed.'],
    [[], 'because this login has to be confirmed.'],
  ])('why: %j', (why, sentence) => {
    expect(readMarkup(pages.confirm({ ...confirm, why })).text).toContain(sentence);
  });

  test.each([
    ['https://grafana.example', 'https://grafana.example'],
    ['app.immich:', 'app.immich:an app on this device that opens such links'],
    ['this computer', 'a program on this computer'],
    ['http://127.0.0.1:52011', 'http://127.0.0.1:52011a program on this computer'],
    ['http://[::1]:52011', 'http://[::1]:52011a program on this computer'],
    ['http://localhost', 'http://localhosta program on this computer'],
  ])('T17: the receiver %s is put into words', (redirectHost, words) => {
    expect(readMarkup(pages.confirm({ ...confirm, redirectHost })).text).toContain(words);
  });

  test.each(['http://127.0.0.1.evil.example', 'https://localhost.evil.example', 'http://127.evil'])(
    'T17: %s is not this computer',
    (redirectHost) => {
      const { text } = readMarkup(pages.confirm({ ...confirm, redirectHost }));
      expect(text).not.toContain('this computer');
    },
  );

  test('T17: the end of a long host stays, as it says whose the host is', () => {
    const redirectHost = `https://grafana.example.com.${'a.'.repeat(3000)}evil.example`;
    const { text } = readMarkup(pages.confirm({ ...confirm, redirectHost }));
    expect(text).toContain('https://grafana.example.com.');
    expect(text).toContain('.a.a.evil.example');
  });

  test('the longest DNS name with a port is shown whole', () => {
    const redirectHost = `https://${'a'.repeat(62)}.${'b'.repeat(62)}.${'c'.repeat(62)}.${'d'.repeat(61)}.com:65535`;
    expect(readMarkup(pages.confirm({ ...confirm, redirectHost })).text).toContain(redirectHost);
  });

  test('the end of a long login stays, as it names its domain', () => {
    const person = { ...alice, login: `${'a'.repeat(9000)}@evil.example` };
    expect(readMarkup(pages.confirm({ ...confirm, person })).text).toMatch(/a…a+@evil\.example/u);
  });

  test.each(['', ' ', '\u200b\u202e', '\n\t'])(
    'an app that calls itself %j has no name',
    (name) => {
      const { text } = readMarkup(pages.confirm({ ...confirm, clientName: name }));
      expect(text).toContain('to an app without a name?');
    },
  );

  test('a bidi override in a name is seen instead of obeyed', () => {
    const { text } = readMarkup(pages.confirm({ ...confirm, clientName: 'Bank\u202egpj' }));
    expect(text).toContain('Bank\u{fffd}gpj');
  });

  test('names are cut between visible characters and end in an ellipsis', () => {
    const clientName = '👩‍👩‍👧‍👦'.repeat(100);
    const { text } = readMarkup(pages.confirm({ ...confirm, clientName }));
    expect(text).toContain(`to ${'👩‍👩‍👧‍👦'.repeat(59)}…?`);
  });

  test('a name in another script is kept', () => {
    const person = { ...alice, displayName: 'می‌خواهم Ærøskøbing 山田太郎' };
    const { text } = readMarkup(pages.confirm({ ...confirm, person }));
    expect(text).toContain('می‌خواهم Ærøskøbing 山田太郎');
  });

  test('a machine is shown with its tags', () => {
    const { text } = readMarkup(pages.confirm({ ...confirm, person: runner }));
    expect(text).toContain('This machinerunner.tailnet.ts.net');
    expect(text).toContain('Its tagstag:ci');
  });

  test.each([[[]], [['']], [['', ' ']]])('without scopes (%j) nothing is listed', (scopes) => {
    expect(readMarkup(pages.confirm({ ...confirm, scopes })).text).not.toContain('The app gets');
  });

  test('a scope that is asked for twice is listed once', () => {
    const { text } = readMarkup(pages.confirm({ ...confirm, scopes: ['email', 'email'] }));
    expect(text.split('your e-mail address')).toHaveLength(2);
  });

  test('a thousand scopes do not make a thousand lines', () => {
    const scopes = Array.from({ length: 1000 }, (_, index) => `scope${index}`);
    expect(readMarkup(pages.confirm({ ...confirm, scopes })).text).toContain('and 988 more');
  });
});
