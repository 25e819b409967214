import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Simulator } from '../../src/simulator/server.ts';
import { recordedTailnet, startRecorded } from './fixture.ts';
import { ask, readBus } from './local-client.ts';
import { misshapen, recordedBus } from './recording.ts';

const whois = '/localapi/v0/whois?addr=100.64.0.4:50000&proto=tcp';
const allBits = 28_674;

async function bob(simulator: Simulator): Promise<Record<string, unknown>> {
  const { status, body } = await ask(simulator.socketPath, whois);
  if (status !== 200) return { status };
  const { Node, UserProfile, CapMap } = JSON.parse(body);
  return { ...Node, login: UserProfile.LoginName, grants: CapMap };
}

describe('a change counts for the next request', () => {
  test('policy', async () => {
    await using simulator = await startRecorded();
    expect(await bob(simulator)).toMatchObject({ grants: { 'tailscale.com/cap/tsidp': [{}] } });
    simulator.setPolicy({});
    expect(await bob(simulator)).toMatchObject({ grants: null });
  });

  test('a removed node is unknown, a new one in its place another', async () => {
    await using simulator = await startRecorded();
    simulator.removeNode('bob');
    expect(await bob(simulator)).toEqual({ status: 404 });
    simulator.addNode('bob2', { id: 40, user: 'alice@example.com', addresses: ['100.64.0.4'] });
    expect(await bob(simulator)).toMatchObject({ ID: 40, login: 'alice@example.com' });
  });

  test('expired, retagged, given to another user', async () => {
    await using simulator = await startRecorded();
    simulator.setNode('bob', { expired: true });
    expect(await bob(simulator)).toMatchObject({ StableID: '4', Expired: true });
    simulator.setNode('bob', { expired: false, tags: ['tag:ci'] });
    expect(await bob(simulator)).toMatchObject({ Tags: ['tag:ci'], login: 'tagged-devices' });
    simulator.setNode('bob', { user: 'alice@example.com' });
    const given = await bob(simulator);
    expect(given).toMatchObject({ StableID: '4', User: 1, login: 'alice@example.com' });
    expect(given).not.toHaveProperty('Tags');
  });

  test('a change that the file would refuse throws and changes nothing', async () => {
    await using simulator = await startRecorded();
    const before = simulator.tailnet;
    expect(() => simulator.setNode('bob', { user: 'nobody@example.com' })).toThrow('nobody');
    expect(() => simulator.setNode('bob', { addresses: ['100.64.0.3'] })).toThrow('100.64.0.3');
    expect(() => simulator.setNode('nobody', {})).toThrow('"nobody"');
    expect(() => simulator.removeNode('idp')).toThrow('self');
    const dangling = { src: ['group:x'], dst: ['*'], app: {} };
    expect(() => simulator.setPolicy({ grants: [dangling] })).toThrow('group:x');
    expect(simulator.tailnet).toBe(before);
  });

  test('status', async () => {
    await using simulator = await startRecorded();
    simulator.setStatus({ online: false, tun: false, health: ['no control server'] });
    const { body } = await ask(simulator.socketPath, '/localapi/v0/status?peers=false');
    const status = JSON.parse(body);
    expect(status).toMatchObject({ TUN: false, Health: ['no control server'], Peer: null });
    expect(status.Self.Online).toBe(false);
    // the last network map goes on being answered from
    expect(await bob(simulator)).toMatchObject({ ID: 4 });
  });
});

describe('faults', () => {
  test('hang: accepted, never answered, until the daemon stops', async () => {
    await using simulator = await startRecorded();
    simulator.fault('hang');
    const asked = once(simulator, 'request');
    const answer = ask(simulator.socketPath, whois).catch((error: Error) => error);
    await asked;
    await simulator.stop();
    expect(await answer).toBeInstanceOf(Error);
  });

  test('truncated: cut off in the middle', async () => {
    await using simulator = await startRecorded();
    simulator.fault('truncated');
    await expect(ask(simulator.socketPath, whois)).rejects.toThrow('aborted');
  });

  test.each([
    ['nonsense', 200, /^\{"Node":\["\?"\]/],
    ['error500', 500, /internal/],
    ['html', 200, /<!doctype html>/],
  ] as const)('%s', async (kind, status, body) => {
    await using simulator = await startRecorded();
    simulator.fault(kind);
    const answer = await ask(simulator.socketPath, whois);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatch(body);
  });

  test('on one path only, and gone again', async () => {
    await using simulator = await startRecorded();
    simulator.fault('error500', '/localapi/v0/whois');
    expect(await bob(simulator)).toEqual({ status: 500 });
    expect(await ask(simulator.socketPath, '/localapi/v0/status')).toMatchObject({ status: 200 });
    simulator.fault('none');
    expect(await bob(simulator)).toMatchObject({ ID: 4 });
    expect(simulator.requests.get('/localapi/v0/whois')).toBe(2);
  });

  test('slow answers come late', async () => {
    await using simulator = await startRecorded();
    simulator.delayMs = 40;
    const before = performance.now();
    expect(await bob(simulator)).toMatchObject({ ID: 4 });
    expect(performance.now() - before).toBeGreaterThan(35);
  });
});

describe('stop and restart', () => {
  test('the socket goes and comes back, and what was set stays', async () => {
    await using simulator = await startRecorded();
    simulator.removeNode('bob');
    await simulator.stop();
    expect(existsSync(simulator.socketPath)).toBe(false);
    await expect(ask(simulator.socketPath, whois)).rejects.toThrow('ENOENT');
    await simulator.restart();
    expect(await bob(simulator)).toEqual({ status: 404 });
  });

  test('a socket in use is not taken over', async () => {
    await using simulator = await startRecorded();
    const { socketPath } = simulator;
    const second = Simulator.start({ tailnet: recordedTailnet(), socketPath });
    await expect(second).rejects.toThrow('is in use by another process');
    expect(await bob(simulator)).toMatchObject({ ID: 4 });
  });
});

describe('the bus', () => {
  test('begins with the session and the status, as recorded', async () => {
    await using simulator = await startRecorded();
    simulator.setNode('carol-laptop', { expired: false });
    const bus = await readBus(simulator.socketPath, allBits);
    const line = await bus.next();
    const [recorded] = await recordedBus();
    expect(misshapen(line, recorded)).toEqual([]);
    expect(line).toMatchObject({ SessionID: expect.stringMatching(/^[0-9a-f]{16}$/), State: 6 });
    expect(Object.keys(line ?? {}).sort()).toEqual(Object.keys(recorded ?? {}).sort());
    bus.close();
  });

  test('tells of changed and removed nodes, of the state, but never of a policy', async () => {
    await using simulator = await startRecorded();
    const bus = await readBus(simulator.socketPath, allBits);
    await bus.next();
    simulator.setPolicy({});
    simulator.setNode('bob', { online: false });
    const changed = await bus.next();
    expect(changed).toMatchObject({ PeersChanged: [{ StableID: '4', Online: false }] });
    const recorded = await recordedBus();
    expect(misshapen(changed, mergedPeers(recorded))).toEqual([]);
    simulator.setNode('idp', { tags: ['tag:other'] });
    expect(await bus.next()).toMatchObject({ SelfChange: { Tags: ['tag:other'] } });
    simulator.removeNode('bob');
    expect(await bus.next()).toMatchObject({ PeersRemoved: [4] });
    simulator.setStatus({ backendState: 'NeedsLogin' });
    expect(await bus.next()).toMatchObject({ State: 2 });
    await simulator.stop();
    expect(await bus.next()).toBeUndefined();
  });

  test('sends only what the mask asks for', async () => {
    await using simulator = await startRecorded();
    const bus = await readBus(simulator.socketPath, 0);
    const first = await bus.next();
    expect(first).not.toHaveProperty('InitialStatus');
    expect(first).toMatchObject({ State: null });
    simulator.removeNode('bob');
    simulator.setStatus({ backendState: 'Stopped' });
    expect(await bus.next()).toMatchObject({ State: 4 });
    bus.close();
  });

  test('forgets readers who left', async () => {
    await using simulator = await startRecorded();
    const bus = await readBus(simulator.socketPath, allBits);
    expect(simulator.watchers).toBe(1);
    const left = once(simulator, 'watchers');
    bus.close();
    expect(await left).toEqual([0]);
  });

  test('refuses a mask that is no number', async () => {
    await using simulator = await startRecorded();
    const answer = await ask(simulator.socketPath, '/localapi/v0/watch-ipn-bus?mask=x');
    expect(answer).toMatchObject({ status: 400 });
  });
});

/** One line that has every field that any recorded line has. */
function mergedPeers(lines: readonly Record<string, unknown>[]): Record<string, unknown> {
  return Object.assign({}, ...lines.filter((line) => line['PeersChanged'] !== undefined));
}
