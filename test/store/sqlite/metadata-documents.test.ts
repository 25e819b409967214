import { describe, expect, it } from 'vitest';
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts';

const url = 'https://agent.example/client.json';

function setUp() {
  return { store: openSqlite({ path: ':memory:', clock: { nowSeconds: () => 1_800_000_000 } }) };
}

describe('T14 the table of metadata documents', () => {
  it('holds 500 and forgets those not fetched for longest, but none that were marked', async () => {
    const { store } = setUp();
    for (let i = 0; i < 503; i++) {
      await store.documents.save({
        url: `${url}?${i}`,
        document: '{}',
        etag: undefined,
        lastModified: undefined,
        fetchedAt: i === 0 ? 9000 : 1000 + i,
        freshUntil: 0,
        seen: '',
      });
      if (i === 1) await store.documents.mark(`${url}?1`, 'quarantine');
      if (i === 2) await store.documents.mark(`${url}?2`, 'wait');
    }
    const known = await Promise.all(
      [0, 1, 2, 3, 4].map((i) => store.documents.find(`${url}?${i}`)),
    );
    expect(known.map((one) => one !== undefined)).toEqual([true, true, false, false, true]);
  });

  it('keeps what people allowed something, however many are named that nobody did', async () => {
    const { store } = setUp();
    const save = (i: number) =>
      store.documents.save({
        url: `${url}?${i}`,
        document: '{}',
        etag: undefined,
        lastModified: undefined,
        fetchedAt: 1000 + i,
        freshUntil: 0,
        seen: '',
      });
    const allow = (i: number) =>
      store.consents.save({
        clientId: `${url}?${i}`,
        subject: 'userid:1',
        login: 'alice@example.com',
        redirectHost: 'https://a.example',
        device: undefined,
        redirectsDigest: undefined,
        resource: undefined,
        scopes: ['openid'],
        givenAt: 1000,
        expiresAt: 2_000_000_000,
      });
    for (let i = 0; i < 501; i++) {
      await save(i);
      allow(i);
    }
    for (let i = 501; i < 1002; i++) await save(i);
    const known = await Promise.all(
      [0, 1, 500, 501, 502, 1001].map((i) => store.documents.find(`${url}?${i}`)),
    );
    // 500 of each: new ones find room, too
    expect(known.map((one) => one !== undefined)).toEqual([false, true, true, false, true, true]);
  });
});
