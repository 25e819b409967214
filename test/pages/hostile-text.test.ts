import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { styleHash } from '../../src/pages/layout.ts';
import { pages } from '../../src/pages/pages.ts';
import { readMarkup } from './read-markup.ts';
import { confirm, consent, device, error, form } from './samples.ts';

/** Every page, with the same text in each of its fields. */
const filledWith: Readonly<Record<string, (text: string) => string>> = {
  confirm: (text) =>
    pages.confirm({
      person: { login: text, displayName: text, device: text, tags: [] },
      clientName: text,
      redirectHost: text,
      action: text,
      why: [text],
      scopes: [text],
    }),
  'confirm of a machine': (text) =>
    pages.confirm({
      ...confirm,
      person: { login: text, displayName: undefined, device: text, tags: [text, text] },
    }),
  consent: (text) =>
    pages.consent({
      person: { login: text, displayName: text, device: text, tags: [] },
      clientName: text,
      describedAt: undefined,
      registration: { at: 1_790_000_000, by: text, isAnonymous: false },
      redirectHost: text,
      identityScopes: [text],
      resources: [{ uri: text, name: text, scopes: [{ name: text, text }] }],
      renewsSeconds: 0,
      action: text,
      token: 'c2Vj',
    }),
  'consent to a described client': (text) =>
    pages.consent({
      ...consent,
      resources: [{ uri: text, name: `name of ${text}`, scopes: [{ name: 'x', text }] }],
      describedAt: text,
      registration: undefined,
    }),
  'device code': (text) =>
    pages.deviceCode({
      person: { login: text, displayName: text, device: text, tags: [] },
      userCode: undefined,
      problem: 'unknown',
      action: text,
      xsrf: '4b1f',
    }),
  'device of somebody else': (text) =>
    pages.deviceConfirm({
      ...device,
      person: { login: text, displayName: text, device: text, tags: [] },
      clientName: text,
      clientId: text,
      nameTrusted: false,
      origin: { ...device.origin, own: false, login: text, device: text, userAgent: text },
      scopes: [`x${text.slice(0, 100)}`],
      resources: [{ uri: text, name: text, scopes: [{ name: 'x', text: text.slice(0, 500) }] }],
    }),
  'device of a machine': (text) =>
    pages.deviceConfirm({
      ...device,
      origin: { ...device.origin, own: false, login: text, device: text, tags: [text, text] },
    }),
  'device of nobody': (text) =>
    pages.deviceConfirm({
      ...device,
      origin: {
        own: false,
        login: undefined,
        device: undefined,
        tags: [],
        address: text,
        userAgent: text,
      },
    }),
  'device allowed': (text) => pages.deviceDone({ allowed: true, clientName: text }),
  'device denied': (text) => pages.deviceDone({ allowed: false, clientName: text }),
  error: (text) =>
    pages.error({
      status: 400,
      error: text,
      description: text,
      person: { login: text, displayName: text, device: text, tags: [] },
      requestId: text,
    }),
  denial: (text) =>
    pages.error({
      ...error,
      description: text,
      denial: { clientName: text, clientId: `id of ${text}`, trace: [text], grant: text },
    }),
  'may enter': (text) =>
    pages.mayEnter({
      person: { login: text, displayName: text, device: text, tags: [] },
      clientName: text,
    }),
  'error without a person': (text) =>
    pages.error({ ...error, description: text, person: undefined, requestId: text }),
  logout: (text) =>
    pages.logout({
      form,
      person: { login: text, displayName: text, device: text, tags: [] },
      clientName: text,
    }),
  'logged out': (text) => pages.loggedOut({ clientName: text }),
  home: (text) =>
    pages.home({
      person: { login: text, displayName: text, device: text, tags: [text] },
      refusal: text,
      issuer: text,
    }),
  'home without a person': (text) => pages.home({ person: undefined, refusal: text, issuer: text }),
};

const hostile: Readonly<Record<string, string>> = {
  'a script': '<script>alert(1)</script>',
  'an end of the title': '</title><script>alert(1)</script>',
  'an end of the style': '</style><img src=x onerror=alert(1)>',
  'an end of an attribute': '" onclick="alert(1)" x="',
  'an end of a single-quoted attribute': "' onclick='alert(1)' x='",
  'a comment': '<!-- --!> -->',
  'character data': ']]><![CDATA[<b>',
  'an entity': '&lt;script&gt;&#60;b&#62;&quot;',
  'a form': '</form><form action="https://evil.example"><button>',
  'null bytes': 'a\u0000b<\u0000script>',
  controls: 'a\u0001\u001b[31m\u007f\u0085b',
  'bidi controls': 'a\u202emoc.elpmaxe@ecila\u202c\u2066\u2069\u061c\u200f',
  'line separators': 'a\u2028b\u2029c\r\nd',
  'lone surrogates': 'a\ud800b\udc00',
  'invisible tags': 'a\u{e0041}\u{e007f}\u200b\u2060\ufeff\u00adb',
  emoji: '👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽',
  'a template of its own': '{{x}}<%= x %>$1$&',
  'a long name': 'n'.repeat(10_000),
  'a long name of tags': '<b>'.repeat(10_000),
  'a very long line': 'x y '.repeat(250_000),
  'piled marks': `a${'\u0301'.repeat(5000)}`,
};

const frameOf = new Map(
  Object.entries(filledWith).map(([page, fill]) => [page, readMarkup(fill('plain')).tags]),
);

describe('T09, T17: hostile text stays text', () => {
  for (const [page, fill] of Object.entries(filledWith)) {
    test.each(Object.entries(hostile))(`${page}: %s`, (_, text) => {
      const document = fill(text);
      const { tags, invisible, text: shown } = readMarkup(document);
      expect(tags).toEqual(frameOf.get(page));
      expect(invisible).toEqual([]);
      expect(shown).not.toMatch(/\p{M}{5}/u);
      expect(document.length).toBeLessThan(32_000);
    });
  }
});

test.each(Object.entries(filledWith))('%s is one whole document without scripts', (_, fill) => {
  const document = fill('plain');
  const { tags } = readMarkup(document);
  const names = tags.map((tag) => tag.split(' ')[0]);
  expect(document.startsWith('<!DOCTYPE html>\n<html lang="en">')).toBe(true);
  for (const name of ['html', 'head', 'title', 'body', 'main', 'h1', 'style']) {
    expect(names.filter((other) => other === name)).toHaveLength(1);
  }
  for (const name of ['script', 'link', 'img', 'iframe', 'object', 'base']) {
    expect(names).not.toContain(name);
  }
  expect(tags).toContain('meta content="noindex" name="robots"');
  expect(tags).toContain('meta content="width=device-width, initial-scale=1" name="viewport"');
  expect(document).not.toMatch(/\son[a-z]+=|\sstyle=|url\(|@import/iu);
});

test('the hash for the content security policy is that of the stylesheet in the page', () => {
  const style = /<style>(.*)<\/style>/su.exec(pages.confirm(confirm))?.[1];
  expect(styleHash).toBe(`sha256-${hash('sha256', style!, 'base64')}`);
});
