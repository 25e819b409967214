import { describe, expect, test } from 'vitest';
import { LocalApiError } from '../../src/peer/local-api.ts';
import { parseWhois } from '../../src/peer/whois-answer.ts';
import { type Answer, changed, type Json } from './changed.ts';
import { recorded } from './recorded.ts';

describe('nonsense is an error, never an identity', () => {
  test.each([
    '',
    'null',
    'true',
    '42',
    '9007199254740993',
    '"alice"',
    '[]',
    '{}',
    '<!doctype html><title>Welcome</title>',
    'no match for IP:port\n',
    recorded('whois-user').body.slice(0, 1000),
    `${recorded('whois-user').body}${recorded('whois-user').body}`,
  ])('%j', (json) => {
    expectNonsense(json);
  });

  test.each<[string, (answer: Answer) => unknown]>([
    ['no Node', ({ UserProfile }) => ({ UserProfile })],
    ['Node null', (answer) => ({ ...answer, Node: null })],
    ['Node a list', (answer) => ({ ...answer, Node: [answer.Node] })],
    ['no UserProfile', ({ Node }) => ({ Node })],
    ['UserProfile null', (answer) => ({ ...answer, UserProfile: null })],
    ['CapMap a list', (answer) => ({ ...answer, CapMap: [] })],
    ['CapMap a text', (answer) => ({ ...answer, CapMap: 'all' })],
    ['StableID missing', node({ StableID: undefined })],
    ['StableID empty', node({ StableID: '' })],
    ['StableID a number', node({ StableID: 4 })],
    ['ID a text', node({ ID: '4' })],
    ['ID a fraction', node({ ID: 4.5 })],
    ['ID beyond every integer', node({ ID: 1e300 })],
    ['User missing', node({ User: undefined })],
    ['User a text', node({ User: '2' })],
    ['User another than the profile', node({ User: 1 })],
    ['User null', node({ User: null })],
    ['Name a number', node({ Name: 7 })],
    ['Addresses a text', node({ Addresses: '100.64.0.4/32' })],
    ['Addresses of numbers', node({ Addresses: [1] })],
    ['Tags a text', node({ Tags: 'tag:ci' })],
    ['Tags an object', node({ Tags: { 0: 'tag:ci' } })],
    ['Tags with null', node({ Tags: [null] })],
    ['Expired a text', node({ Expired: 'true' })],
    ['Expired a number', node({ Expired: 1 })],
    ['KeyExpiry no time', node({ KeyExpiry: 'soon' })],
    ['KeyExpiry a number', node({ KeyExpiry: 0 })],
    ['Hostinfo a list', node({ Hostinfo: [] })],
    ['ShareeNode a text', node({ Hostinfo: { ShareeNode: 'yes' } })],
    ['LoginName missing', profile({ LoginName: undefined })],
    ['LoginName empty', profile({ LoginName: '' })],
    ['LoginName a list', profile({ LoginName: ['bob@example.com'] })],
    ['DisplayName a number', profile({ DisplayName: 7 })],
    ['profile ID missing', profile({ ID: undefined })],
    [
      'nobody as owner',
      (answer) => {
        answer.Node['User'] = 0;
        answer.UserProfile['ID'] = 0;
      },
    ],
  ])('%s', (_name, change) => {
    expectNonsense(changed(change));
  });

  function node(fields: Json) {
    return ({ Node }: Answer) => void Object.assign(Node, fields);
  }

  function profile(fields: Json) {
    return ({ UserProfile }: Answer) => void Object.assign(UserProfile, fields);
  }

  function expectNonsense(json: string): void {
    let caught: unknown;
    try {
      parseWhois(json, 0);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(LocalApiError);
    expect(caught).toMatchObject({ code: 'nonsense' });
  }
});
