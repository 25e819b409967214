import { describe, expect, test } from 'vitest';
import type { DeviceOrigin } from '../../src/access/pages.ts';
import { pages } from '../../src/pages/pages.ts';
import { readMarkup } from './read-markup.ts';
import { alice, device } from './samples.ts';

const textOf = (more: Partial<typeof device>) =>
  readMarkup(pages.deviceConfirm({ ...device, ...more })).text;

const warning = 'Allow would give them your account';

describe('what asks for Allow', () => {
  test('shows the code, the app, the device and the person, and posts one of two buttons', () => {
    const { text, tags } = readMarkup(pages.deviceConfirm(device));
    for (const fact of [
      'WDJB-MJHT',
      'Database shell',
      'your own device',
      'Alice Architect',
      'your e-mail address',
      'for up to 90 days',
    ]) {
      expect(text).toContain(fact);
    }
    expect(text).not.toContain(warning);
    expect(tags).toContain('form action="/device" class="buttons" method="post"');
    expect(tags).toContain('input name="user_code" type="hidden" value="WDJB-MJHT"');
    const buttons = tags.filter((tag) => tag.startsWith('button'));
    // what Enter presses
    expect(buttons[0]).toBe('button name="abort" type="submit" value="yes"');
    expect(buttons[1]).toBe('button class="main" name="confirm" type="submit" value="yes"');
  });

  const bob = { own: false, login: 'bob@example.com', device: 'bobs-laptop.tailnet.ts.net' };
  const nobody = { own: false, login: undefined, device: undefined, address: '203.0.113.7' };
  test.each<[string, Partial<DeviceOrigin>, string]>([
    ['another person', bob, 'bobs-laptop.tailnet.ts.neta device of bob@example.com'],
    ['a machine', { ...bob, tags: ['tag:ci'] }, 'a machine: tag:ci'],
    ['nobody', nobody, 'an unknown caller at 203.0.113.7It says of itself: libpq/18'],
  ])('warns when %s asked for the code', (_, origin, words) => {
    const text = textOf({ origin: { ...device.origin, ...origin } });
    expect(text).toContain(words);
    expect(text).toContain(warning);
  });

  test('T17 a client that named itself is not taken at its word', () => {
    const text = textOf({ nameTrusted: false, clientName: 'Your Bank', clientId: 'c-42' });
    expect(text).toContain('calls itself “Your Bank”');
    expect(text).toContain('nobody has checked that name');
    expect(text).toContain('c-42');
  });

  test('leaves out nothing that is given away', () => {
    const scopes = Array.from({ length: 50 }, (_, index) => `scope-${index}`);
    const resources = scopes.map((name) => ({
      uri: `https://${name}.test/`,
      name,
      scopes: [{ name: 'x', text: `what ${name} does` }],
    }));
    const text = textOf({ scopes, resources });
    for (const name of scopes) {
      expect(text).toContain(name);
      expect(text).toContain(`what ${name} does`);
    }
  });
});

describe('what asks for the code', () => {
  const code = { person: alice, userCode: undefined, action: '/device', xsrf: '4b1f' };

  test('is one form with one field', () => {
    const { tags, text } = readMarkup(pages.deviceCode({ ...code, problem: undefined }));
    expect(tags.filter((tag) => tag.startsWith('form'))).toEqual([
      'form action="/device" method="post"',
    ]);
    expect(tags.find((tag) => tag.includes('name="user_code"'))).toContain('value=""');
    expect(text).toContain('Only enter a code that you asked for yourself');
  });

  test.each([
    ['empty', 'Enter the code first'],
    ['unknown', 'There is no such code'],
    ['expired', 'has expired'],
    ['used', 'already been used'],
    ['outdated', 'no longer valid'],
  ] as const)('says that it is %s', (problem, words) => {
    expect(readMarkup(pages.deviceCode({ ...code, problem })).text).toContain(words);
  });
});
