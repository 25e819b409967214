import { describe, expect, test } from 'vitest';
import { startRecorded } from './fixture.ts';
import { ask } from './local-client.ts';
import { misshapen, recording } from './recording.ts';

const whois = '/localapi/v0/whois';

describe('answers have the shape of the recorded ones', () => {
  test.each([
    'whois-user-admin',
    'whois-user',
    'whois-tagged-agent',
    'whois-expired',
    'whois-self',
    'whois-ipv6',
    'status-running-tun',
    'status-running-peers',
  ])('%s', async (name) => {
    await using simulator = await startRecorded();
    // nobody had expired yet when status was recorded
    simulator.setNode('carol-laptop', { expired: name === 'whois-expired' });
    const recorded = await recording(name);
    const { status, headers, body } = await ask(simulator.socketPath, recorded.target);
    expect(status).toBe(200);
    expect(headers).toMatchObject(lowerCase(recorded.headers));
    expect(misshapen(JSON.parse(body), JSON.parse(recorded.body))).toEqual([]);
  });

  test.each([
    'whois-user-admin',
    'whois-user',
    'whois-tagged-agent',
    'whois-self',
    'whois-expired',
  ])('%s says the same of who it is and what it may do', async (name) => {
    await using simulator = await startRecorded();
    const recorded = await recording(name);
    const { body } = await ask(simulator.socketPath, recorded.target);
    expect(essence(body)).toEqual(essence(recorded.body));
    // tailscaled indents with tabs, and numbers beyond 2^53 keep their digits
    expect(grants(body)).toBe(grants(recorded.body));
  });

  test('status while logged out is the recorded one', async () => {
    await using simulator = await startRecorded();
    simulator.setStatus({ backendState: 'NeedsLogin', tun: false });
    const recorded = await recording('status-needs-login');
    const { body } = await ask(simulator.socketPath, recorded.target);
    expect(body).toBe(recorded.body.replace('"HostName": "vm"', '"HostName": "idp"'));
  });
});

describe('refusals are the recorded ones to the letter', () => {
  test.each([
    'whois-not-found',
    'whois-invalid-addr',
    'whois-missing-addr',
    'not-found',
    'serve-config-empty',
    'cert-unsupported',
  ])('%s', async (name) => {
    await using simulator = await startRecorded();
    const recorded = await recording(name);
    const { status, headers, body } = await ask(simulator.socketPath, recorded.target);
    expect({ status, body }).toEqual({ status: recorded.status, body: recorded.body });
    expect(headers).toMatchObject(lowerCase(recorded.headers));
  });

  test('logged out, a known peer is as unknown as a stranger', async () => {
    await using simulator = await startRecorded();
    simulator.setStatus({ backendState: 'NeedsLogin' });
    const { status, body } = await recording('whois-needs-login');
    const answer = await ask(simulator.socketPath, `${whois}?addr=100.64.0.3`);
    expect(answer).toMatchObject({ status, body });
  });
});

test.each([
  ['100.64.0.3', 'alice'],
  ['100.64.0.3:1', 'alice'],
  ['[fd7a:115c:a1e0::3]:443', 'alice'],
  ['fd7a:115c:a1e0:0:0:0:0:3', 'alice'],
  ['[::ffff:100.64.0.4]:443', 'bob'],
  ['100.64.0.33:443', 404],
  ['127.0.0.1:443', 404],
  ['[100.64.0.3]:443', 400],
  ['100.64.0.3:99999', 400],
  ['100.64.0.3:', 400],
  ['alice', 400],
  ['[fd7a:115c:a1e0::3', 400],
])('whois of %s is %s', async (addr, expected) => {
  await using simulator = await startRecorded();
  const answer = await ask(simulator.socketPath, `${whois}?addr=${encodeURIComponent(addr)}`);
  const found = answer.status === 200 ? JSON.parse(answer.body).Node.ComputedName : answer.status;
  expect(found).toBe(expected);
});

test.each([
  { host: 'localhost' },
  { host: 'local-tailscaled.sock:80' },
  { origin: 'http://local-tailscaled.sock' },
  { referer: 'http://evil.example/' },
])('a request that a page could send is refused: %o', async (headers) => {
  await using simulator = await startRecorded();
  const answer = await ask(simulator.socketPath, '/localapi/v0/status', { headers });
  expect(answer).toMatchObject({ status: 403, body: 'invalid localapi request\n' });
});

test('serve-config is stored under If-Match only', async () => {
  await using simulator = await startRecorded();
  const target = '/localapi/v0/serve-config';
  const empty = await ask(simulator.socketPath, target);
  const post = (etag: string, body: string) =>
    ask(simulator.socketPath, target, { method: 'POST', headers: { 'if-match': etag }, body });
  const etag = empty.headers.etag ?? '';
  expect(await post(etag, '{"TCP":')).toMatchObject({ status: 500 });
  expect(await post(etag, '{ "TCP": {"80": {"HTTP": true}} }')).toMatchObject({ status: 200 });
  expect(await post(etag, '{}')).toMatchObject({ status: 412 });
  const stored = await ask(simulator.socketPath, target);
  expect(stored.body).toBe('{"TCP":{"80":{"HTTP":true}}}');
  expect(stored.headers.etag).not.toBe(etag);
});

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

function essence(body: string): unknown {
  const { Node, UserProfile } = JSON.parse(body);
  const { ID, StableID, Name, User, Addresses, Tags, Online, Expired, MachineAuthorized } = Node;
  const { ComputedName, CapMap } = Node;
  const node = { ID, StableID, Name, User, Addresses, Tags, Online, Expired, MachineAuthorized };
  return { node, ComputedName, CapMap, UserProfile };
}

/** The text of the top-level `CapMap`, the last member. */
function grants(body: string): string {
  return body.slice(body.indexOf('\n\t"CapMap"'));
}
