import { hash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { compactVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { verifyAudit } from '../../../src/audit/verify.ts';
import { createDatabase, migrations } from '../../../src/store/sqlite/migrate.ts';
import type { AuditRecord } from '../../../src/store/store.ts';
import { openStore, temporaryDirectory } from '../../store/opened.ts';
import { full, openAudited, openBeside, problemsOf, tamperWith } from '../audited.ts';

const login: AuditRecord = { at: 1_800_000_001, event: 'login', client: 'spa' };
const records = [full, login, full, { ...login, reason: 'x' }, full];

describe('the chain', () => {
  it('fits, also while the store is open, and is signed', async () => {
    const { store, path } = await openAudited(records);
    expect(store.auditUpkeep.seal()).toBe(true);
    expect(store.auditUpkeep.seal()).toBe(false);
    store.audit.append(login);
    await store.committed();
    expect(await verifyAudit(path)).toMatchObject({
      records: 6,
      unchained: 0,
      last: 6,
      signedTo: { record: 5, at: 1_800_000_000 },
      problems: [],
    });
    await store.close();
    expect(await problemsOf(path)).toEqual([]);
  });

  it('can be followed by an outsider, as docs/audit.md says', async () => {
    const { store, path } = await openAudited(records);
    store.auditUpkeep.seal();
    await store.committed();
    const database = new DatabaseSync(path, { readOnly: true });
    const writer = database.prepare('SELECT writer FROM audit_chain').get()?.['writer'];
    let previous = '0'.repeat(64);
    for (const row of database.prepare('SELECT * FROM audit ORDER BY id').all()) {
      const { id, at, event, subject, login: name, device, client, scope, reason } = row;
      const { jti, detail, actors, resource, parents, listener } = row;
      const content = [
        ...[writer, id, at, event, subject, name, device, client, scope, reason],
        ...[jti, detail, actors, resource, parents, listener],
      ];
      previous = hash('sha256', `${previous}\n${JSON.stringify(content)}`, 'hex');
      expect(row['hash']).toBe(previous);
    }
    const [head] = database.prepare('SELECT * FROM audit_heads').all();
    database.close();
    const key = (await store.keys.list()).find(({ id }) => id === head?.['kid']);
    const { kty, crv, x, y } = JSON.parse(key?.material ?? '');
    const { payload, protectedHeader } = await compactVerify(String(head?.['signature']), {
      ...{ kty, crv, x, y },
    });
    expect(protectedHeader).toEqual({ alg: 'ES256', kid: key?.id, typ: 'audit-head+jws' });
    const at = 1_800_000_000;
    expect(JSON.parse(new TextDecoder().decode(payload))).toEqual({
      ...{ writer, first: 1, sequence: 5, hash: previous, at },
    });
  });

  it('goes on where a turn was undone', async () => {
    const { store, problems } = await openAudited([login, full]);
    const before = store.failures;
    store.audit.append(login);
    expect(() => store.audit.append({ ...login, at: 1.5 })).toThrow(/nothing was saved/);
    await expect(store.committed(before)).rejects.toThrow(/nothing was saved/);
    await nextTurn();
    store.audit.append(login);
    await store.committed();
    expect((await store.audit.list(9)).map(({ id }) => id)).toEqual([3, 2, 1]);
    expect(await problems()).toEqual([]);
  });

  it('is one for all processes that write', async () => {
    const { store, path, problems } = await openAudited([login]);
    const { store: beside } = openBeside(path);
    for (let round = 0; round < 20; round += 1) {
      const one = round % 3 === 0 ? beside : store;
      one.audit.append({ ...full, reason: String(round) });
      one.audit.append(login);
      await one.committed();
    }
    store.auditUpkeep.seal();
    await store.committed();
    beside.audit.append(login);
    await beside.committed();
    expect((await verifyAudit(path)).records).toBe(42);
    expect(await problems()).toEqual([]);
  });

  it('leaves what is older as it is, and says how much that is', async () => {
    const path = join(temporaryDirectory(), 'tsidp.db');
    const without = migrations.findIndex((sql) => sql.includes('CREATE TABLE audit_chain'));
    createDatabase(path, migrations.slice(0, without));
    const database = new DatabaseSync(path);
    database.exec("INSERT INTO audit (at, event) VALUES (1, 'start'), (2, 'login'), (3, 'login')");
    database.close();
    const { store } = openStore(path);
    store.audit.append(full);
    await store.committed();
    expect(await verifyAudit(path)).toMatchObject({ records: 4, unchained: 3, problems: [] });
    tamperWith(path, 'DELETE FROM audit WHERE id = 2');
    expect(await problemsOf(path)).toEqual(['2 missing']);
  });
});
