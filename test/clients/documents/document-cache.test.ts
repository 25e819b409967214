import { errors } from 'oidc-provider';
import { describe, expect, it } from 'vitest';
import { OutgoingError, type OutgoingFailure } from '../../../src/outgoing/outgoing-error.ts';
import { type Reply, setUp, url } from './cached.ts';

const hour = 3600;

const failing = (failure: OutgoingFailure) => async () => {
  throw new OutgoingError(failure, 'agent.example');
};
const down = failing('timeout');

describe('the cache of metadata documents', () => {
  it('asks once while a document is fresh, and again when it is not', async () => {
    const at = setUp();
    at.answer({ headers: { 'cache-control': 'max-age=3600' } });
    await at.find();
    at.pass(hour - 1);
    expect(await at.find()).toMatchObject({ id: url, source: 'metadata-document' });
    expect(at.asked).toHaveLength(1);
    at.pass(1);
    await at.find();
    expect(at.asked).toHaveLength(2);
    expect(at.introduced).toEqual([url]);
  });

  it('joins requests for one document, and keeps those for others apart', async () => {
    const at = setUp();
    const go = Promise.withResolvers<Reply>();
    at.answer(() => go.promise);
    const all = [...Array.from({ length: 20 }, () => at.find()), at.find(`${url}?2`)];
    go.resolve({});
    const found = await Promise.all(all);
    expect(new Set(found.map(({ id }) => id)).size).toBe(2);
    expect(at.asked).toHaveLength(2);
  });

  it('brings a document once, however long it takes to say who the others are', async () => {
    const at = setUp();
    const who = Promise.withResolvers<number>();
    const later = at.find(url, () => who.promise.then(() => undefined));
    await at.find();
    who.resolve(1);
    expect((await later).id).toBe(url);
    expect([at.asked.length, at.changes.length]).toEqual([1, 1]);
  });

  it('asks whether it changed, and keeps what did not', async () => {
    const at = setUp();
    at.answer({ headers: { etag: '"1"', 'last-modified': 'Sat, 01 Jan 2000 00:00:00 GMT' } });
    const before = await at.find();
    at.pass(hour);
    at.answer({ status: 304, headers: { 'cache-control': 'max-age=7200' } });
    expect((await at.find()).metadata).toEqual(before.metadata);
    at.pass(2 * hour - 1);
    await at.find();
    expect(at.asked.map((headers) => headers['if-none-match'])).toEqual([undefined, '"1"']);
    at.pass(1);
    at.answer({ headers: { etag: '"2"' } });
    await at.find();
    expect(at.asked[2]).toMatchObject({ 'if-none-match': '"1"' });
    expect(at.changes).toHaveLength(1);
  });

  it('uses the date where there is no ETag', async () => {
    const at = setUp();
    const modified = 'Sat, 01 Jan 2000 00:00:00 GMT';
    at.answer({ headers: { 'last-modified': modified } });
    await at.find();
    at.pass(hour);
    await at.find();
    expect(at.asked[1]).toMatchObject({ 'if-modified-since': modified });
  });

  it('tells of new redirect URIs before the document is used', async () => {
    const at = setUp();
    await at.find();
    at.pass(hour);
    at.answer({ document: { redirect_uris: ['https://evil.example/'] } });
    await at.find();
    expect(at.changes).toEqual([
      [false, ['https://a.example/']],
      [true, ['https://evil.example/']],
    ]);
  });

  it('goes on for a day when the host is in trouble, asking once a minute, and no longer', async () => {
    const at = setUp();
    await at.find();
    at.answer(down);
    at.pass(600);
    for (let i = 0; i < 5; i++) await at.find();
    expect(at.asked).toHaveLength(2);
    at.pass(60);
    await at.find();
    expect(at.asked).toHaveLength(3);
    at.answer({ status: 503 });
    at.pass(86_400 - 61);
    await at.find();
    at.pass(61);
    await expect(at.find()).rejects.toThrow(errors.TemporarilyUnavailable);
    at.answer({});
    at.pass(10);
    expect((await at.find()).id).toBe(url);
    expect(at.introduced).toEqual([url]);
  });

  it.each([
    [{ status: 404 }],
    [{ status: 410 }],
    [{ status: 403 }],
    [{ document: '<html>' }],
    [{ document: { client_id: 'https://evil.example/' } }],
  ])('ends a client at once whose host says so: %j', async (reply) => {
    const at = setUp();
    await at.find();
    at.answer(reply);
    at.pass(600);
    await expect(at.find()).rejects.toThrow(errors.InvalidClient);
    expect(await at.store.documents.find(url)).toMatchObject({ document: undefined });
    at.answer(down);
    at.pass(60);
    await expect(at.find()).rejects.toThrow(errors.TemporarilyUnavailable);
  });

  it.each(['certificate', 'address'] as const)(
    'lets nobody but its host end a client: not who has another %s',
    async (failure) => {
      const at = setUp();
      at.answer(failing(failure));
      await expect(at.find(`${url}?new`)).rejects.toThrow(errors.InvalidClient);
      at.answer({});
      await at.find();
      at.answer(failing(failure));
      at.pass(600);
      expect((await at.find()).id).toBe(url);
      at.pass(86_400);
      await expect(at.find()).rejects.toThrow(errors.TemporarilyUnavailable);
    },
  );

  it('believes a failure for a short time', async () => {
    const at = setUp();
    at.answer({ status: 404 });
    for (let i = 0; i < 5; i++) await expect(at.find()).rejects.toThrow(errors.InvalidClient);
    expect(at.asked).toHaveLength(1);
    at.answer({});
    at.pass(60);
    await at.find();
    expect(at.asked).toHaveLength(2);
  });

  it('stores nothing of a document that is refused', async () => {
    const at = setUp();
    at.answer({ document: { client_secret: 'x' } });
    await expect(at.find()).rejects.toMatchObject({ error: 'invalid_client' });
    expect(await at.store.documents.find(url)).toBeUndefined();
    expect(at.changes).toEqual([]);
  });

  it('asks nobody when the request may not introduce clients', async () => {
    const at = setUp();
    const first = async () => {
      throw new errors.InvalidClient('no');
    };
    await expect(at.find(url, first)).rejects.toThrow(errors.InvalidClient);
    expect(at.asked).toEqual([]);
  });

  it('knows its documents after a restart, but for those that must not be stored', async () => {
    const first = setUp();
    first.answer({ headers: { 'cache-control': 'max-age=3600' } });
    await first.find();
    first.answer({ headers: { 'cache-control': 'no-store', etag: '"1"' } });
    await first.find(`${url}?2`);
    await first.store.committed();

    const second = setUp(first.store);
    await second.find();
    expect(second.asked).toEqual([]);
    await second.find(`${url}?2`);
    expect(second.asked).toEqual([{ accept: 'application/json' }]);
    // both are known: nobody has to introduce them again
    expect(second.introduced).toEqual([]);
  });

  it('T15 does not take for changed what it had to forget meanwhile', async () => {
    const first = setUp();
    first.answer({ headers: { 'cache-control': 'no-store' } });
    await first.find();
    const second = setUp(first.store);
    await second.find();
    second.pass(hour);
    second.answer({ status: 404 });
    await expect(second.find()).rejects.toThrow(errors.InvalidClient);
    second.pass(60);
    second.answer({});
    await second.find();
    expect(second.asked).toHaveLength(3);
    expect(second.changes).toEqual([]);
    second.pass(hour);
    second.answer({ document: { client_name: 'Another' } });
    await second.find();
    expect(second.changes).toHaveLength(1);
  });
});
