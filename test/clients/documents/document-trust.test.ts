import { errors } from 'oidc-provider';
import { describe, expect, it } from 'vitest';
import { OutgoingError } from '../../../src/outgoing/outgoing-error.ts';
import { setUp, url } from './cached.ts';

const down = async () => {
  throw new OutgoingError('timeout', 'agent.example');
};

describe('T41 what was looked at', () => {
  it('is known again after a release that counts more members, where the document was kept', async () => {
    const at = setUp();
    at.answer({ headers: { 'cache-control': 'max-age=60' } });
    await at.find();
    expect(at.changes).toHaveLength(1);
    const before = await at.store.documents.find(url);
    if (!before) throw new Error('not kept');
    const again = setUp(at.store);
    again.answer({ document: {} });
    await at.store.documents.save({ ...before, seen: 'of-another-release' });
    again.pass(61);
    await again.find();
    expect(again.changes).toEqual([]);

    const third = setUp(at.store);
    third.answer({ document: { client_uri: 'https://evil.example/' } });
    await at.store.documents.save({ ...before, seen: 'of-another-release' });
    third.pass(61);
    await third.find();
    expect(third.changes).toHaveLength(1);

    const unkept = setUp(at.store);
    unkept.answer({ document: {} });
    await at.store.documents.save({ ...before, document: undefined, seen: 'of-another-release' });
    unkept.pass(61);
    await unkept.find();
    expect(unkept.changes).toHaveLength(1);
  });
});

describe('T42 a clock that is set back', () => {
  it('makes no document fresh, and no failure young', async () => {
    const at = setUp();
    at.answer({ headers: { 'cache-control': 'max-age=3600' } });
    await at.find();
    at.pass(-600);
    await at.find();
    expect(at.asked).toHaveLength(2);
    // fetched now, it is as fresh as any
    await at.find();
    expect(at.asked).toHaveLength(2);

    at.answer({ status: 404 });
    await expect(at.find(`${url}?bad`)).rejects.toThrow();
    await expect(at.find(`${url}?bad`)).rejects.toThrow();
    expect(at.asked).toHaveLength(3);
    at.pass(-600);
    await expect(at.find(`${url}?bad`)).rejects.toThrow();
    expect(at.asked).toHaveLength(4);
  });

  it('lends no document of a host in trouble', async () => {
    const at = setUp();
    at.answer({ headers: { 'cache-control': 'max-age=60' } });
    await at.find();
    at.pass(-600);
    at.answer(down);
    await expect(at.find()).rejects.toBeInstanceOf(errors.TemporarilyUnavailable);
    at.pass(700);
    expect(await at.find()).toMatchObject({ id: url });
  });
});
