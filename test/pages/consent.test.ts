import { describe, expect, test } from 'vitest';
import type { ConsentPage } from '../../src/access/pages.ts';
import { pages } from '../../src/pages/pages.ts';
import { readMarkup } from './read-markup.ts';
import { consent } from './samples.ts';

const textOf = (more: Partial<ConsentPage> = {}): string =>
  readMarkup(pages.consent({ ...consent, ...more })).text;

describe('consent', () => {
  test('says who asks for what, in whose name, and where it goes', () => {
    const text = textOf();
    for (const fact of [
      'calls itself “Claude”',
      'nobody here has checked what it is called',
      'claude.ai',
      'a website',
      'What it may do at Files',
      'https://files.tailnet.ts.net/mcp',
      'Read your files',
      'Run code as you',
      'your e-mail address',
      'for up to 90 days',
      'alice@example.com',
      'alices-laptop.tailnet.ts.net',
      '21 September 2026 at 14:13 UTC',
      'by alice@example.com',
    ]) {
      expect(text).toContain(fact);
    }
  });

  test('posts allow or deny to the action, with the token', () => {
    const { tags } = readMarkup(pages.consent(consent));
    expect(tags).toContain('form action="/interaction/abc123" class="buttons" method="post"');
    expect(tags).toContain('input name="token" type="hidden" value="c2Vj"');
    expect(tags).toContain('button class="main" name="action" type="submit" value="allow"');
    expect(tags).toContain('button name="action" type="submit" value="deny"');
  });

  test('T17: shows the redirect host in large type, and no logo', () => {
    const document = pages.consent(consent);
    expect(document).toContain('<p class="host"><bdi>claude.ai</bdi></p>');
    expect(document).not.toMatch(/<(?:img|svg|picture)\b/u);
  });

  test.each([
    ['https://claude.ai', 'claude.aia website', 'trust that address'],
    ['https://claude.ai:8443', 'claude.ai:8443a website', 'trust that address'],
    ['http://wiki.internal', 'wiki.internala website, over a connection that others can read', ''],
    ['http://127.0.0.1:52011', '127.0.0.1:52011a program on this computer', 'Any program'],
    ['http://[::1]:52011', '[::1]:52011a program on this computer', 'Any program'],
    ['http://localhost', 'localhosta program on this computer', 'Any program'],
    ['cursor:', 'cursor:an app on this device that opens such links', 'Any app on this device'],
    ['', 'an app on this device', 'Any app on this device'],
  ])('T17: %s is put into words, with a warning that fits', (redirectHost, words, warning) => {
    const text = textOf({ redirectHost });
    expect(text.replaceAll('\n', '')).toContain(words);
    expect(text).toContain(warning);
  });

  test.each(['http://127.0.0.1.evil.example', 'https://localhost.evil.example'])(
    'T17: %s is not this computer',
    (redirectHost) => {
      expect(textOf({ redirectHost })).not.toContain('this computer');
    },
  );

  test('T17: leaves nothing out that is given away', () => {
    const names = Array.from({ length: 200 }, (_, index) => `scope-${index}-${'x'.repeat(200)}`);
    const scopes = names.map((name) => ({ name, text: name }));
    const text = textOf({ resources: [{ uri: 'https://x.example', name: 'X', scopes }] });
    for (const name of names) expect(text).toContain(name);
  });

  test('a scope without words is shown by its name, a resource without scopes as what it is', () => {
    const scopes = [{ name: 'read:all', text: 'read:all' }];
    const resources = [
      { uri: 'https://x.example', name: 'X', scopes },
      { uri: 'https://y.example', name: 'https://y.example', scopes: [] },
    ];
    expect(pages.consent({ ...consent, resources })).toContain('<code>read:all</code>');
    expect(textOf({ resources })).toContain('It may only show that it comes from you.');
    expect(textOf({ resources }).match(/https:\/\/y\.example/gu)).toHaveLength(1);
  });

  test.each([
    [0, undefined],
    [1800, '1 hour'],
    [86_400, '24 hours'],
    [604_800, '7 days'],
  ])('how long it may go on: %i s', (renewsSeconds, words) => {
    const text = textOf({ renewsSeconds });
    if (words === undefined) expect(text).not.toContain('while you are away');
    else expect(text).toContain(`for up to ${words}`);
  });

  test.each([
    [{ registration: undefined }, undefined],
    [
      { registration: { at: 0, by: undefined, isAnonymous: true } },
      'somebody outside this tailnet',
    ],
    [{ registration: undefined, describedAt: 'https://claude.ai/client.json' }, 'Described at'],
  ] as const)('where it comes from: %j', (more, words) => {
    const text = textOf(more);
    if (words !== undefined) expect(text).toContain(words);
    expect(text.includes('Registered')).toBe(more.registration !== undefined);
  });

  test('an app without a name is called that', () => {
    expect(textOf({ clientName: undefined })).toContain('“an app without a name”');
  });
});
