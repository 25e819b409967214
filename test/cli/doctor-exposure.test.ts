import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { documentFindings } from '../../src/doctor/documents.ts';
import { registrationFindings } from '../../src/doctor/registration.ts';
import { databasePath } from '../../src/store/sqlite/open.ts';
import { openSqlite } from '../../src/store/sqlite/sqlite.ts';
import { loadOrCreateKeys } from '../../src/tokens/keys.ts';
import { tamperWith } from '../audit/audited.ts';
import { load } from '../config/load.ts';
import { setUp } from './doctor-site.ts';

const levels = (findings: readonly { level: string; text: string }[]) =>
  findings.map(({ level, text }) => [level, text]);

describe('registration and Funnel', () => {
  const ask = (config: Record<string, unknown>, peerClients: readonly string[] = []) =>
    registrationFindings({ ...load(config), peerClients });
  const funnel = { listen: { type: 'serve', funnel: true } };

  test.each(['off', 'granted', 'tailnet'])('%s without Funnel is fine', (mode) => {
    expect(ask({ registration: { mode } })).toMatchObject([{ level: 'ok' }]);
  });

  test('public without Funnel opens more than it helps', () => {
    expect(ask({ registration: { mode: 'public' } })).toMatchObject([
      {
        level: 'warning',
        text: expect.stringMatching(/without Funnel/),
        remedy: expect.stringMatching(/"tailnet" or "granted"/),
      },
    ]);
  });

  test('over Funnel what is reachable is told, and what never is', () => {
    const found = ask({ ...funnel, registration: { mode: 'public', quarantine: true } }, ['ci']);
    expect(levels(found)).toEqual([
      ['ok', expect.stringMatching(/everybody .* waits for an administrator/)],
      ['ok', expect.stringMatching(/reaches \/token, .*\/register.*never \/authorize/)],
      ['ok', expect.stringMatching(/inside the tailnet alone: ci/)],
    ]);
    const [, reach] = ask(funnel);
    expect(reach?.text).not.toContain('/register');
  });

  test('Funnel where no client from a cloud can introduce itself', () => {
    const closed = { ...funnel, metadataDocuments: { mode: 'off' } };
    expect(ask(closed)).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        text: expect.stringMatching(/neither register/),
      }),
    );
    expect(ask({ ...closed, registration: { mode: 'public' } })).not.toContainEqual(
      expect.objectContaining({ level: 'warning' }),
    );
  });
});

test('hosts of documents that have no address', async () => {
  const config = load({
    metadataDocuments: { allowedHosts: ['apps.test', 'gone.test:8443', '127.0.0.1:80', '[::1]'] },
  });
  const asked: string[] = [];
  const findings = await documentFindings(config, async (hostname) => {
    asked.push(hostname);
    if (hostname === 'apps.test') return ['100.64.0.9'];
    throw new Error('ENOTFOUND');
  });
  expect(asked.sort()).toEqual(['apps.test', 'gone.test']);
  expect(findings).toMatchObject([
    {
      level: 'warning',
      text: expect.stringMatching(/no address is found for gone\.test:8443,/),
      remedy: expect.stringMatching(/allowedHosts/),
    },
  ]);
});

describe('audit', () => {
  const aboutAudit = async (site: Awaited<ReturnType<typeof setUp>>) =>
    (await site.examine()).all.filter(({ topic }) => topic === 'audit');

  async function audited(config: Record<string, unknown> = {}) {
    const site = await setUp({ config });
    await site.withStore((store) => loadOrCreateKeys(store, systemClock));
    const path = databasePath(site.directory);
    const store = openSqlite({ path, clock: systemClock });
    for (const at of [1, 2, 3]) store.audit.append({ at, event: 'start' });
    await store.committed();
    store.auditUpkeep.seal();
    await store.close();
    return { ...site, path };
  }

  test('the newest signature and its record are looked at', async () => {
    const site = await audited();
    expect(await aboutAudit(site)).toMatchObject([
      { level: 'ok', text: expect.stringMatching(/record \d+ is as it was signed/) },
    ]);
    tamperWith(site.path, 'UPDATE audit SET login = ? WHERE id = (SELECT max(id) FROM audit)', 'x');
    expect(await aboutAudit(site)).toMatchObject([
      {
        level: 'problem',
        text: expect.stringMatching(/was changed/),
        remedy: expect.stringMatching(/audit verify/),
      },
    ]);
    tamperWith(site.path, 'DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)');
    expect(await aboutAudit(site)).toMatchObject([
      { level: 'problem', text: expect.stringMatching(/missing at the end/) },
    ]);
  });

  test('a signature that was changed', async () => {
    const site = await audited();
    tamperWith(site.path, "UPDATE audit_heads SET at = at + 1, kid = kid || ''");
    expect(await aboutAudit(site)).toMatchObject([
      { level: 'problem', text: expect.stringMatching(/altered/) },
    ]);
  });

  test('a sink that cannot be written', async () => {
    const sinkIn = (file: string) => audited({ audit: { sink: { file } } });
    expect(await aboutAudit(await sinkIn('audit.jsonl'))).toContainEqual(
      expect.objectContaining({ level: 'ok', text: expect.stringMatching(/audit\.jsonl, too/) }),
    );
    expect(await aboutAudit(await sinkIn('nowhere/audit.jsonl'))).toContainEqual(
      expect.objectContaining({
        level: 'problem',
        text: expect.stringMatching(/nowhere\/audit\.jsonl can't be written, and cannot be made/),
      }),
    );
    const site = await sinkIn('taken');
    mkdirSync(join(site.parent, 'taken'));
    chmodSync(join(site.parent, 'taken'), 0o700);
    expect((await site.examine()).bad).toContainEqual(
      expect.objectContaining({ level: 'problem', text: expect.stringMatching(/a directory/) }),
    );
  });
});
