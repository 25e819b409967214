import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTally, dropWords, type Tally } from '../../src/http/tally.ts';
import { createLogger } from '../../src/log.ts';

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly counted?: string;
  readonly count?: number;
  readonly mostly?: string;
}

let lines: Line[];
let tally: Tally;
const log = createLogger({
  level: 'info',
  destination: new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  }),
});
beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  tally = createTally(log, 60_000);
});
afterEach(() => {
  tally.stop();
  vi.useRealTimers();
});

const minute = () => vi.advanceTimersByTime(60_000);
const page = (from: string) => tally.count('pages', from, () => log.info(`page of ${from}`));

describe('T38 what strangers can make the log say', () => {
  it('is told whole a few times, then counted', () => {
    for (let count = 0; count < 10_000; count += 1) page('100.64.0.7');
    expect(lines).toHaveLength(10);
    minute();
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toMatchObject({ counted: 'pages', count: 9990, mostly: '100.64.0.7' });
    minute();
    expect(lines).toHaveLength(11);
  });

  it('hides nobody else’s lines', () => {
    for (let count = 0; count < 10_000; count += 1) page('100.64.0.7');
    page('100.64.0.8');
    expect(lines.at(-1)?.msg).toBe('page of 100.64.0.8');
  });

  it('is bounded however many they are', () => {
    for (let count = 0; count < 10_000; count += 1) page(`203.0.113.${count}`);
    expect(lines).toHaveLength(200);
    minute();
    expect(lines).toHaveLength(201);
  });

  it('without a line of its own is one line a minute for each kind', () => {
    for (let count = 0; count < 500; count += 1) tally.count('requestsOfPeer', '100.64.0.7');
    tally.count('requestsOfPeer', '100.64.0.8');
    tally.count('malformed', undefined);
    expect(lines).toEqual([]);
    minute();
    expect(lines).toMatchObject([
      {
        level: 'warn',
        count: 501,
        mostly: '100.64.0.7',
        ofThese: 500,
        msg: expect.stringMatching(/^501 requests refused: .*limits\.requestsInFlightPerPeer/),
      },
      { level: 'info', count: 1, counted: 'malformed' },
    ]);
    expect(lines[1]).not.toHaveProperty('mostly');
  });

  it('is told at the end, too', () => {
    tally.count('slowBodies', '100.64.0.7');
    tally.stop();
    expect(lines).toMatchObject([{ count: 1, counted: 'slowBodies' }]);
  });

  it('health tells of what was turned away, and of nothing else', () => {
    page('100.64.0.7');
    tally.count('malformed', undefined);
    expect(tally.drops()).toEqual({});
    tally.count('idleConnections', '100.64.0.7');
    tally.count('idleConnections', '100.64.0.7');
    minute();
    expect(tally.drops()).toEqual({ idleConnections: 2 });
    expect(dropWords(tally.drops())).toEqual([expect.stringMatching(/^2 idle connections closed/)]);
    // a newer daemon may know more kinds
    expect(dropWords({ other: 1 } as never)).toEqual([]);
  });
});
