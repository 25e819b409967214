import type { LocalApiAnswer } from '../../src/peer/local-api.ts';
import { createWhois, type WhoisOptions } from '../../src/peer/whois.ts';
import { recorded } from './recorded.ts';

export const clock = { nowSeconds: () => Date.parse('2026-11-21T07:50:00Z') / 1000 };

/** A LocalAPI whose every answer the test gives when it likes, and a clock that it moves. */
export function setup(options: Partial<WhoisOptions> = {}) {
  const asked: (PromiseWithResolvers<LocalApiAnswer> & { path: string })[] = [];
  const api = {
    get(path: string): Promise<LocalApiAnswer> {
      const question = { path, ...Promise.withResolvers<LocalApiAnswer>() };
      asked.push(question);
      return question.promise;
    },
  };
  let timeMs = 5000;
  const whois = createWhois({ api, clock, nowMs: () => timeMs, ...options });
  const answer = (index: number, name: string) => {
    const { status, body } = recorded(name);
    asked[index]?.resolve({ status, headers: {}, text: body });
  };
  return {
    whois,
    asked,
    answer,
    pass(ms: number) {
      timeMs += ms;
    },
    /** A lookup answered at once, if it asks. */
    async look(name: string, ip = '100.64.0.4', port = 50_000) {
      const before = asked.length;
      const looking = whois.lookup(ip, port);
      // a question about loopback waits for its turn
      await Promise.resolve();
      if (asked.length > before) answer(before, name);
      return looking;
    },
  };
}
