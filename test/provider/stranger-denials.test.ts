import { expect, test } from 'vitest';
import { createStrangerDenials } from '../../src/provider/stranger-denials.ts';
import type { AuditRecord } from '../../src/store/store.ts';
import { openMemory } from '../store/opened.ts';

function startRecording() {
  const { store, clock } = openMemory();
  const record = createStrangerDenials(store.audit, clock);
  return {
    clock,
    deny(client: string | undefined, peer: string, times: number, listener = 'funnel') {
      const denial: AuditRecord = { at: 1, event: 'denial', client, detail: { error: 'x' } };
      for (let time = 0; time < times; time += 1) record(denial, { peer, listener });
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
