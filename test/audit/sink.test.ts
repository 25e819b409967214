import { appendFileSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rotateAudit } from '../../src/audit/rotate.ts';
import { startAuditSink } from '../../src/audit/sink.ts';
import { createLogger } from '../../src/log.ts';
import { type Audited, full, openAudited } from './audited.ts';

interface Line {
  readonly type: string;
  readonly id?: number;
  readonly sequence?: number;
}

function linesOf(file: string): Line[] {
  const text = readFileSync(file, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

const idsOf = (file: string) => linesOf(file).map(({ id }) => id);

function startSink({ store, path }: Audited, file: string) {
  let logged = '';
  const destination = new Writable({
    write(chunk, _encoding, done) {
      logged += String(chunk);
      done();
    },
  });
  const log = createLogger({ level: 'trace', destination });
  const sink = startAuditSink({ store, path, target: { file }, log });
  onTestFinished(() => sink.close());
  return { ...sink, logged: () => logged };
}

async function write({ store }: Audited, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) store.audit.append(full);
  await store.committed();
}

describe('the sink', () => {
  it('has what came after it was set up, in order, in a file of its own', async () => {
    const audited = await openAudited([full, full]);
    const file = join(audited.directory, 'audit.log');
    const sink = startSink(audited, file);
    await write(audited, 250);
    await sink.deliver();
    expect(idsOf(file)).toEqual(Array.from({ length: 250 }, (_, index) => index + 3));
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    expect(linesOf(file)[0]).toMatchObject({
      ...{ type: 'audit', event: 'exchange', actors: ['node:n1', 'node:n2'], listener: 'tailnet' },
    });
    audited.store.auditUpkeep.seal();
    await audited.store.committed();
    await sink.deliver();
    expect(linesOf(file).at(-1)).toMatchObject({ type: 'audit-head', sequence: 252 });
  });

  it('never has what was undone', async () => {
    const audited = await openAudited();
    const { store } = audited;
    const file = join(audited.directory, 'audit.log');
    const sink = startSink(audited, file);
    await write(audited, 1);
    await sink.deliver();
    store.audit.append(full);
    const delivered = sink.deliver();
    // it looks while the transaction is open
    for (let step = 0; step < 10; step += 1) await Promise.resolve();
    expect(() => store.audit.append({ ...full, at: 1.5 })).toThrow();
    await expect(store.committed(store.failures - 1)).rejects.toThrow();
    await delivered;
    await sink.deliver();
    expect(idsOf(file)).toEqual([1]);
  });

  it('goes on after a restart where it was', async () => {
    const audited = await openAudited();
    const file = join(audited.directory, 'audit.log');
    // it ends before it has anything: what follows is still its own
    await startSink(audited, file).close();
    await write(audited, 3);
    await startSink(audited, file).close();
    await write(audited, 2);
    const sink = startSink(audited, file);
    await sink.deliver();
    expect(idsOf(file)).toEqual([1, 2, 3, 4, 5]);
  });

  it('begins a new file when its own was moved away', async () => {
    const audited = await openAudited();
    const file = join(audited.directory, 'audit.log');
    const sink = startSink(audited, file);
    await write(audited, 2);
    await sink.deliver();
    renameSync(file, `${file}.1`);
    await write(audited, 2);
    await sink.deliver();
    expect([idsOf(`${file}.1`), idsOf(file)]).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('says so once when it can write nothing, loses nothing, and says when it can again', async () => {
    const audited = await openAudited();
    const file = join(audited.directory, 'audit.log');
    symlinkSync('/dev/full', file);
    const sink = startSink(audited, file);
    await write(audited, 2);
    await sink.deliver();
    await write(audited, 1);
    await sink.deliver();
    expect(sink.logged().match(/do not reach .*ENOSPC/gu)).toHaveLength(1);
    rmSync(file);
    await sink.deliver();
    expect(idsOf(file)).toEqual([1, 2, 3]);
    expect(sink.logged()).toContain('again');
  });

  it('says which records were rotated away before it could have them', async () => {
    const audited = await openAudited();
    const { store, path, directory, clock } = audited;
    const file = join(directory, 'audit.log');
    symlinkSync('/dev/full', file);
    const sink = startSink(audited, file);
    await write(audited, 5);
    await sink.deliver();
    const limits = { keepDays: 90, maxRecords: 2, archive: true };
    await rotateAudit(store, path, limits, clock.now);
    rmSync(file);
    await sink.deliver();
    expect(linesOf(file)).toMatchObject([{ id: 4 }, { id: 5 }, { type: 'audit-head' }]);
    expect(sink.logged()).toMatch(/records 1 to 3 .*rotated away before/u);
    await write(audited, 1);
    await sink.deliver();
    expect(sink.logged().match(/rotated away before/gu)).toHaveLength(1);
  });

  it('adds to a file that is there', async () => {
    const audited = await openAudited();
    const file = join(audited.directory, 'audit.log');
    appendFileSync(file, '{"type":"earlier"}\n');
    const sink = startSink(audited, file);
    await write(audited, 1);
    await sink.deliver();
    expect(linesOf(file).map(({ type }) => type)).toEqual(['earlier', 'audit']);
  });
});
