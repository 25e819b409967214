import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createOutgoingFetch, type OutgoingParts } from '../../src/outgoing/fetch.ts';
import { openSite } from './site.ts';

const json: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'application/json').end('{"ok":true}');
};
const local = (parts: Partial<OutgoingParts>) =>
  createOutgoingFetch({ allowedHosts: ['127.0.0.1'], ...parts });

describe('T14 bounded work', () => {
  it('lets few requests run at once, some wait, and turns the rest away', async () => {
    let running = 0;
    let most = 0;
    const go = Promise.withResolvers<void>();
    const full = Promise.withResolvers<void>();
    await using site = await openSite((request, response) => {
      most = Math.max(most, ++running);
      if (running === 2) full.resolve();
      void go.promise.then(() => {
        running -= 1;
        json(request, response);
      });
    });
    const fetch = local({ concurrency: 2 });
    const all = Array.from({ length: 12 }, () => fetch(site.origin));
    const busy = all.slice(10).map((one) => expect(one).rejects.toMatchObject({ failure: 'busy' }));
    await Promise.all([...busy, full.promise]);
    go.resolve();
    expect(await Promise.all(all.slice(0, 10))).toHaveLength(10);
    expect(most).toBe(2);
  });

  it('counts the wait into the time, and gives its place back', async () => {
    await using site = await openSite((request, response) => {
      if (request.url === '/ok') json(request, response);
    });
    const fetch = local({ concurrency: 1, timeoutMs: 150 });
    const hung = Array.from({ length: 3 }, () => fetch(site.origin));
    const failures = hung.map((one) =>
      expect(one).rejects.toMatchObject({ failure: 'timeout', passes: true }),
    );
    await Promise.all(failures);
    expect((await fetch(`${site.origin}/ok`)).status).toBe(200);
  });
});
