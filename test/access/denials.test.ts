import { expect, test } from 'vitest';
import { createDenials } from '../../src/access/denials.ts';
import { openMemory } from '../store/opened.ts';

function startRecording() {
  const { store, clock } = openMemory();
  const record = createDenials(store.audit, clock);
  return {
    clock,
    deny(client: string | undefined, peer: string, times: number, listener = 'funnel') {
      const denial = { at: 1, client, detail: { error: 'x' } };
      for (let time = 0; time < times; time += 1) record(denial, { peer, listener });
    },
    denyKnown(subject: string | undefined, client: string, times: number) {
      const denial = { at: 1, subject, client, detail: { error: 'x' } };
      const from = { peer: '100.64.0.3', listener: 'tailnet', isAuthenticatedApp: true };
      for (let time = 0; time < times; time += 1) record(denial, from);
    },
    recorded: () => store.audit.list(10_000),
  };
}

test('T14 sixty denials a minute of one address at one app are recorded', async () => {
  const { deny, recorded } = startRecording();
  deny('one', '203.0.113.1', 500);
  deny('one', '203.0.113.2', 10);
  deny('two', '203.0.113.1', 10);
  expect(await recorded()).toHaveLength(80);
});

test('T14 and three hundred of all strangers together, with an app or without', async () => {
  const { deny, recorded } = startRecording();
  deny(undefined, '203.0.113.1', 100);
  for (let last = 0; last < 100; last += 1) deny('one', `203.0.113.${last}`, 10);
  expect(await recorded()).toHaveLength(300);
});

test('T14 strangers at one listener keep out nobody at another', async () => {
  const { deny, recorded } = startRecording();
  for (let last = 0; last < 100; last += 1) deny('one', `203.0.113.${last}`, 10);
  deny('one', '100.64.0.9', 2, 'tailnet');
  const [newest] = await recorded();
  expect(await recorded()).toHaveLength(302);
  expect(newest?.detail).toEqual({ error: 'x' });
});

test('the next record counts what was left out', async () => {
  const { deny, recorded, clock } = startRecording();
  deny('one', '203.0.113.1', 75);
  clock.now += 61;
  deny('one', '203.0.113.1', 2);
  const details = (await recorded()).map(({ detail }) => detail);
  expect(details.slice(0, 3)).toEqual([
    { error: 'x' },
    { error: 'x', omitted: 15 },
    { error: 'x' },
  ]);
});

test('T14 those of one person are bounded, at one app and at all, and push out nobody else', async () => {
  const { denyKnown, recorded, clock } = startRecording();
  denyKnown('userid:1', 'one', 500);
  expect(await recorded()).toHaveLength(60);
  for (let app = 0; app < 100; app += 1) denyKnown('userid:1', `app${app}`, 10);
  expect(await recorded()).toHaveLength(120);
  denyKnown('userid:2', 'one', 1);
  expect(await recorded()).toHaveLength(121);
  clock.now += 61;
  denyKnown('userid:1', 'one', 1);
  expect((await recorded())[0]?.detail).toEqual({ error: 'x', omitted: 940 });
});

test('T14 those of one app that has shown its secret are bounded', async () => {
  const { denyKnown, recorded } = startRecording();
  denyKnown(undefined, 'one', 500);
  denyKnown(undefined, 'two', 5);
  expect(await recorded()).toHaveLength(305);
});

test('T40 a /64 is one stranger, tailnet addresses are one each', async () => {
  const { deny, recorded } = startRecording();
  for (let host = 1; host <= 100; host += 1) deny('one', `2001:db8:1:2::${host}`, 5);
  expect(await recorded()).toHaveLength(60);
  for (let host = 1; host <= 20; host += 1) deny('one', `fd7a:115c:a1e0::${host}`, 5);
  expect(await recorded()).toHaveLength(160);
});
