import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { filesBelow } from '../../lint/storeys.ts';
import { endRefused } from '../../src/endings/end-refused.ts';
import type { Ended, Ending, Endings, EndTarget } from '../../src/endings/ending.ts';
import { decisions, refusals } from '../../src/endings/ending.ts';
import { createEndings } from '../../src/endings/endings.ts';
import { sessionName } from '../../src/endings/session-name.ts';
import { nameOf } from '../../src/store/family-table.ts';
import { alive, type Login, saveLogin } from '../store/contract/login.ts';
import { type Opened, openMemory } from '../store/opened.ts';

const gone = [false, false, false];
const by = { reason: 'because', detail: { by: 'test' } } as const;

describe('everything that ends', () => {
  let opened: Opened;
  let login: Login;
  let heard: Ended[];
  let endings: Endings;

  beforeEach(async () => {
    opened = openMemory();
    const { store, clock } = opened;
    login = await saveLogin(opened);
    await store.clients.save({
      id: 'grafana',
      metadata: {},
      options: {},
      secretVerifier: null,
      source: 'cli',
      createdAt: clock.now,
      updatedAt: clock.now,
    });
    for (const resource of ['https://one.example/', 'https://two.example/']) {
      store.consents.save({
        subject: 'userid:1',
        clientId: 'grafana',
        redirectHost: 'https://app.example',
        device: undefined,
        redirectsDigest: undefined,
        resource,
        scopes: ['read'],
        login: 'alice@example.com',
        givenAt: clock.now,
        expiresAt: clock.now + 1000,
      });
    }
    heard = [];
    endings = createEndings({
      store,
      clients: store.clients,
      audit: store.audit,
      clock,
      hear: [(ended) => void heard.push(ended)],
    });
  });

  const family = (): EndTarget => ({ kind: 'family', name: nameOf(login.grant) });
  const records = async () => {
    await opened.store.committed();
    return (await opened.store.audit.list(10)).map(({ id: _, at: __, ...record }) =>
      JSON.parse(JSON.stringify(record)),
    );
  };

  it.each<[EndTarget['kind'], () => EndTarget, object]>([
    ['family', family, { event: 'revocation', jti: [expect.stringMatching(/^[0-9a-f]{28}$/)] }],
    ['client', () => ({ kind: 'client', id: 'grafana' }), { event: 'client', client: 'grafana' }],
    [
      'consents',
      () => ({ kind: 'consents', filter: { clientId: 'grafana' } }),
      {
        event: 'consent',
        subject: 'userid:1',
        login: 'alice@example.com',
        client: 'grafana',
        scope: 'read',
        detail: { by: 'test', resources: ['https://one.example/', 'https://two.example/'] },
      },
    ],
  ])('is dead, recorded and heard of once: a %s', async (kind, target, record) => {
    const ending: Ending = { what: target(), why: 'administrator', record: by };
    const ended = await endings.end(ending);
    expect(ended).toMatchObject([{ what: { kind }, why: 'administrator' }]);
    expect(heard).toEqual(ended);
    expect(await alive(opened, login)).toEqual(gone);
    expect(await records()).toEqual([{ ...by, ...record }]);
    // what is not there ends nothing more
    expect(await endings.end(ending)).toEqual([]);
    expect(heard).toHaveLength(1);
    expect(await records()).toHaveLength(1);
  });

  it('is remembered of a session, whose Grants are many', async () => {
    await endings.end({ what: { kind: 'session', uid: 'u1' }, why: 'logout', record: by });
    expect(await opened.store.adapter('SessionEnd').find(sessionName('u1'))).toBeDefined();
    expect(heard).toMatchObject([{ what: { kind: 'session', uid: 'u1' }, why: 'logout' }]);
    expect(await records()).toEqual([{ event: 'logout', ...by }]);
  });

  it('T13 is what was refused: the login, or the token alone, with the denial for a record', async () => {
    const { store } = opened;
    const token = {
      grantId: login.grant,
      destroy: async () => void (await store.adapter('AccessToken').destroy(login.access)),
    };
    await endRefused(endings, token, { why: 'not-admitted', tokenAlone: true });
    expect(await alive(opened, login)).toEqual([true, false, true]);
    await endRefused(endings, token, { why: 'device-gone', tokenAlone: false });
    expect(await alive(opened, login)).toEqual(gone);
    expect(heard.map(({ what, why }) => [what.kind, why])).toEqual([
      ['token', 'not-admitted'],
      ['family', 'device-gone'],
    ]);
    expect(await records()).toEqual([]);
  });

  it('fails as a whole where somebody could not be told', async () => {
    const { store, clock } = opened;
    const deaf = createEndings({
      store,
      clients: store.clients,
      audit: store.audit,
      clock,
      hear: [() => Promise.reject(new Error('the outbox is full'))],
    });
    const told = deaf.end({ what: family(), why: 'revocation', record: by });
    await expect(told).rejects.toThrow('the outbox is full');
  });
});

describe('the one place', () => {
  const source = join(import.meta.dirname, '../../src');
  const texts = new Map(
    filesBelow(source).map((file) => [file, readFileSync(join(source, file), 'utf8')]),
  );

  it('alone calls what ends things in the store', () => {
    const calls =
      /\bfamilies\.end\(|\bconsents\.revoke\(|\bstore\.clients\.remove\(|createRevocation\(/;
    const callers = [...texts].filter(([, text]) => calls.test(text)).map(([file]) => file);
    expect(callers.sort()).toEqual(['endings/endings.ts', 'endings/revocation.ts']);
  });

  it('is given each of its reasons by somebody', () => {
    const others = [...texts].filter(([file]) => file !== 'endings/ending.ts');
    const unused = [...decisions, ...refusals].filter(
      (reason) => !others.some(([, text]) => text.includes(`'${reason}'`)),
    );
    expect(unused).toEqual([]);
  });
});
