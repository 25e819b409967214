import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clientId, entryOf, keyText, kid, tsidpDirectory } from '../takeover/tsidp-directory.ts';
import { makeCli } from './run.ts';

const ids = [clientId(), clientId()] as const;
const entries = {
  [ids[0]]: entryOf(ids[0], { redirect_uris: ['https://a.test/', 'https://a.test/#x'] }),
  [ids[1]]: entryOf(ids[1], { client_name: 'Other' }),
};

describe('tsidp import', () => {
  test('takes over key and clients, and says so', async () => {
    const cli = makeCli();
    const directory = tsidpDirectory(keyText(), entries);
    const before = directory.texts();
    const { exitCode, out, err } = await cli.run(['import', directory.path]);
    expect([exitCode, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      `took over the signing key ${kid}: it signs RS256`,
      `took over the client ${ids[0]} (bench)`,
      `took over the client ${ids[1]} (Other)`,
      expect.stringMatching(
        /^left out: .*redirect_uris\[1\] "https:\/\/a\.test\/#x" has a fragment/u,
      ),
      'a running tsidp signs with the key from its next start on',
      "tsidp's files were left as they are",
      '',
    ]);
    expect(directory.texts()).toEqual(before);
    expect(await cli.withStore((store) => store.clients.list())).toHaveLength(2);
    expect(out).not.toContain(entries[ids[0]]?.client_secret);
  });

  test('twice does nothing more', async () => {
    const cli = makeCli();
    const { path } = tsidpDirectory(keyText(), entries);
    await cli.run(['import', path]);
    await cli.run(['clients', 'remove', ids[1]]);
    const { exitCode, out } = await cli.run(['import', path]);
    expect(exitCode).toBe(0);
    expect(out).toBe(
      `nothing new: all of it was taken over before\n${ids[1]} was taken over before and removed here; it stays removed\ntsidp's files were left as they are\n`,
    );
    expect(await cli.withStore((store) => store.clients.list())).toHaveLength(1);
  });

  test('dry runs say the same and do nothing, not even a database', async () => {
    const cli = makeCli();
    const { path } = tsidpDirectory(keyText(), entries);
    const { exitCode, out } = await cli.run(['import', path, '--dry-run']);
    expect(exitCode).toBe(0);
    expect(out).toContain(`would take over the client ${ids[1]} (Other)\n`);
    expect(out).toMatch(/nothing was done: this was a dry run\n$/u);
    expect(existsSync(cli.directory)).toBe(false);
    await cli.run(['import', path]);
    expect((await cli.run(['import', path, '-dry-run'])).out).toContain('nothing new');
  });

  test('half an import is refused, unless it is asked for', async () => {
    const cli = makeCli();
    const { path } = tsidpDirectory(keyText(), { ...entries, broken: { client_name: 'x' } });
    for (const more of [[], ['--dry-run']]) {
      const { exitCode, err } = await cli.run(['import', path, ...more]);
      expect(exitCode).toBe(1);
      expect(err).toMatch(
        /broken\.client_secret is missing\n[\s\S]*broken\.redirect_uris is missing/u,
      );
      expect(err).toContain(`tsidp import ${path} --skip-invalid`);
    }
    expect(existsSync(cli.directory)).toBe(false);
    const { exitCode, out } = await cli.run(['import', path, '--skip-invalid']);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/skipped: .*broken\.client_secret is missing/u);
    expect(await cli.withStore((store) => store.clients.list())).toHaveLength(2);
  });

  test('what cannot be read is told, and nothing is done', async () => {
    const cli = makeCli();
    const directory = tsidpDirectory(keyText(), '{');
    const cut = await cli.run(['import', directory.path]);
    expect(cut.exitCode).toBe(1);
    expect(cut.err).toMatch(/oidc-funnel-clients\.json:1:2: .*Nothing was taken over/u);
    const none = await cli.run(['import', join(cli.parent, 'nowhere')]);
    expect([none.exitCode, none.out]).toEqual([1, '']);
    expect(none.err).toMatch(/nowhere holds neither oidc-key\.json nor oidc-funnel-clients\.json/u);
    expect((await cli.run(['import'])).exitCode).toBe(2);
  });

  test('names cannot steer the terminal', async () => {
    const cli = makeCli();
    const odd = '\u001b[2J\u202e';
    const { path } = tsidpDirectory(undefined, { [odd]: entryOf(odd) });
    const { err } = await cli.run(['import', path]);
    expect(err).toContain('has an ID that is not accepted here');
    expect(err).toContain('\\u001b[2J\uFFFD');
    expect(err).not.toContain('\u001b');
    writeFileSync(join(path, 'oidc-key.json'), keyText());
    const { out } = await cli.run(['import', path, '--skip-invalid']);
    expect(out).toContain('\\u001b[2J\uFFFD');
    expect(out).not.toContain('\u001b');
  });
});
