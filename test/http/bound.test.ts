import { describe, expect, test } from 'vitest';
import { bindAll } from '../../src/http/bound.ts';
import { ListenError, type Listening } from '../../src/http/listeners.ts';
import { createLogger } from '../../src/log.ts';
import { until } from '../world/until.ts';

const failing = (code: string) =>
  Object.assign(new ListenError(`Can't listen: ${code}.`), { code }) as ListenError;

/** @param codes why an address can't be bound; absent: it can */
function setUp(codes: Map<string, string>) {
  const lines: string[] = [];
  const log = createLogger({
    level: 'info',
    destination: { write: (line) => void lines.push(line) },
  });
  const bind = async (address: string): Promise<Listening> => {
    const code = codes.get(address);
    if (code !== undefined) throw failing(code);
    return { url: `http://${address}/`, setCertificate() {}, close: async () => undefined };
  };
  const addresses = ['100.64.0.2', 'fd7a:115c:a1e0::2'];
  return { lines, options: { addresses, bind, drainMs: 0, log, retryMs: 20 } };
}

describe('an address that cannot be bound', () => {
  test.each([
    [
      'none of them',
      [
        ['100.64.0.2', 'EADDRNOTAVAIL'],
        ['fd7a:115c:a1e0::2', 'EADDRNOTAVAIL'],
      ],
    ],
    ['one of them for good', [['fd7a:115c:a1e0::2', 'EADDRINUSE']]],
    [
      'one of them for now and one for good',
      [
        ['100.64.0.2', 'EADDRNOTAVAIL'],
        ['fd7a:115c:a1e0::2', 'EACCES'],
      ],
    ],
  ] as const)('ends the start, and nothing is said of trying again: %s', async (_what, codes) => {
    const { lines, options } = setUp(new Map(codes));
    await expect(bindAll(options)).rejects.toThrow("Can't listen");
    expect(lines).toEqual([]);
  });

  test('is tried again where another one could be bound, told once, and bound when it is there', async () => {
    const codes = new Map([['fd7a:115c:a1e0::2', 'EADDRNOTAVAIL']]);
    const { lines, options } = setUp(codes);
    const bound = await bindAll(options);
    // whatever else may still fail at this start has not: nothing is said before it was done
    expect(lines).toEqual([]);
    await until('it is told', () => lines.length > 0);
    expect(lines.join('')).toContain('EADDRNOTAVAIL. It is tried again.');
    codes.clear();
    await until('it is bound', () => bound.urls().length === 2);
    expect(lines).toHaveLength(1);
    await bound.close(0);
  });

  test('is told of no more once all is ending', async () => {
    const { lines, options } = setUp(new Map([['fd7a:115c:a1e0::2', 'EADDRNOTAVAIL']]));
    const bound = await bindAll(options);
    await bound.close(0);
    await bound.move(options.addresses);
    expect(lines).toEqual([]);
  });
});
