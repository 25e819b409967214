import { describe, expect, test } from 'vitest';
import { machineClient, machineClientId } from '../../src/access/peer-client.ts';
import { isStableId } from '../../src/peer/stable-id.ts';
import { parseWhois } from '../../src/peer/whois-answer.ts';
import { load, problemsOf } from '../config/load.ts';
import { recorded } from './recorded.ts';

const opaque = [
  // Headscale's, as recorded, and Tailscale's
  '1',
  '4',
  '18446744073709551615',
  'nAbCdEfGh11CNTRL',
  // nobody promises that they stay like this
  'a',
  'n_1.x-y:z+/=',
  'größe 1',
  'x'.repeat(255),
];
const others = ['', ' ', ' 4', '4\n', 'a\u0000b', 'a\u202eb', 'a\u2028b', 'x'.repeat(256)];

const whois = (StableID: string) => {
  const answer = JSON.parse(recorded('whois-tagged-agent').body);
  return JSON.stringify({ ...answer, Node: { ...answer.Node, StableID } });
};
const asPeer = (node: string) => ({ clients: [{ id: 'ci', peer: { node } }] });

describe.each(opaque)('the StableID %j', (id) => {
  test('is one, everywhere', () => {
    expect(isStableId(id)).toBe(true);
    expect(parseWhois(whois(id), 0).node.stableId).toBe(id);
    expect(load(asPeer(id)).clients).toHaveLength(1);
    const client = machineClient(machineClientId({ stableId: id }));
    expect(client?.options.peer).toEqual({ node: id });
  });
});

describe.each(others)('%j', (id) => {
  test('is none, nowhere', () => {
    expect(isStableId(id)).toBe(false);
    expect(() => parseWhois(whois(id), 0)).toThrow('StableID');
    expect(problemsOf(asPeer(id))).toHaveLength(1);
    expect(machineClient(machineClientId({ stableId: id }))).toBeUndefined();
  });
});

test.each(['whois-user', 'whois-tagged-agent', 'whois-self'])('as recorded: %s', (name) => {
  const { node } = parseWhois(recorded(name).body, 0);
  expect(node.stableId).toMatch(/^\d$/u);
  expect(isStableId(node.stableId)).toBe(true);
});
