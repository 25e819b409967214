import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addGrafana, auditOf, find, fits, secretIn, uri } from './grafana.ts';
import { makeCli } from './run.ts';

describe('clients rotate-secret', () => {
  test('replaces the secret, and only it', async () => {
    const cli = makeCli();
    const before = secretIn((await cli.run(addGrafana)).out);
    const { out } = await cli.run(['clients', 'rotate-secret', 'grafana']);
    const after = secretIn(out);
    expect(await fits(cli, 'grafana', before)).toBe(false);
    expect(await fits(cli, 'grafana', after)).toBe(true);
    expect((await find(cli, 'grafana'))?.metadata['client_name']).toBe('Grafana');
    expect(await auditOf(cli)).toMatchObject([
      { event: 'client', client: 'grafana', detail: { action: 'rotate-secret' } },
      { detail: { action: 'add' } },
    ]);
    const json = await cli.run(['clients', 'rotate-secret', '--json', 'grafana']);
    expect(await fits(cli, 'grafana', JSON.parse(json.out).client_secret)).toBe(true);
  });

  test('takes a chosen one, and refuses public and unknown clients', async () => {
    const cli = makeCli();
    await cli.run(addGrafana);
    await cli.run(['clients', 'rotate-secret', 'grafana', '--secret-stdin'], 'chosen by me\n');
    expect(await fits(cli, 'grafana', 'chosen by me')).toBe(true);
    await cli.run([...addGrafana.with(3, 'spa'), '--public']);
    expect((await cli.run(['clients', 'rotate-secret', 'spa'])).err).toMatch(
      /has no secret to replace/u,
    );
    const unknown = await cli.run(['clients', 'rotate-secret', 'nobody']);
    expect([unknown.exitCode, unknown.err]).toEqual([
      1,
      expect.stringMatching(/no client "nobody"/u),
    ]);
  });
});

describe('clients remove', () => {
  test('removes, says what ended, and once only', async () => {
    const cli = makeCli();
    await cli.run(addGrafana);
    const { exitCode, out } = await cli.run(['clients', 'remove', 'grafana']);
    expect([exitCode, out]).toEqual([0, expect.stringMatching(/^removed grafana \(Grafana\): /u)]);
    expect(await find(cli, 'grafana')).toBeUndefined();
    expect(await auditOf(cli)).toMatchObject([{ detail: { action: 'remove' } }, {}]);
    expect((await cli.run(['clients', 'remove', 'grafana'])).exitCode).toBe(1);
    expect(await auditOf(cli)).toHaveLength(2);
  });

  test('leaves those of the configuration file alone', async () => {
    const cli = makeCli();
    const file = join(cli.parent, 'tsidp.jsonc');
    writeFileSync(file, JSON.stringify({ clients: [{ id: 'gitea', redirectUris: [uri] }] }));
    for (const command of ['remove', 'rotate-secret']) {
      const result = await cli.run(['clients', command, 'gitea', '--config', file]);
      expect(result).toMatchObject({ exitCode: 1, err: expect.stringMatching(/change it there/u) });
    }
    expect(existsSync(cli.directory)).toBe(false);
  });
});

test('what commands do is seen by a daemon that has the store open', async () => {
  const cli = makeCli();
  await cli.withStore(async (store) => {
    expect(await store.clients.find('grafana')).toBeUndefined();
    await cli.run(addGrafana);
    const added = await store.clients.find('grafana');
    await cli.run(['clients', 'rotate-secret', 'grafana']);
    const rotated = await store.clients.find('grafana');
    expect(rotated?.secretVerifier).not.toBe(added?.secretVerifier);
    await cli.run(['clients', 'remove', 'grafana']);
    expect(await store.clients.find('grafana')).toBeUndefined();
  });
});
