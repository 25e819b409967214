import { describe, expect, test } from 'vitest';
import type { Consent } from '../../src/store/consent-table.ts';
import { makeCli } from './run.ts';

type Cli = ReturnType<typeof makeCli>;

const consent: Omit<Consent, 'usedAt'> = {
  subject: 'userid:1',
  login: 'alice@example.com',
  clientId: 'stranger',
  redirectHost: 'https://claude.ai',
  device: undefined,
  redirectsDigest: undefined,
  resource: undefined,
  scopes: ['openid', 'email'],
  givenAt: 1_790_000_000,
  expiresAt: 1_821_536_000,
};

const filled = async (...more: Partial<Consent>[]): Promise<Cli> => {
  const cli = makeCli();
  await cli.withStore(async (store) => {
    for (const one of [{}, ...more]) store.consents.save({ ...consent, ...one });
    await store.committed();
  });
  return cli;
};

const others = [
  { resource: 'https://files.example/mcp', scopes: ['read_file'] },
  { subject: 'userid:2', login: 'bob@example.com', redirectHost: 'cursor:', device: 'nBob' },
  { clientId: 'other\u001b[2J' },
];

describe('consents list', () => {
  test('shows who allowed what to whom, and until when', async () => {
    const cli = await filled(...others);
    const { exitCode, out } = await cli.run(['consents', 'list']);
    expect(exitCode).toBe(0);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/u));
    expect(lines[0]).toEqual([
      ...['LOGIN', 'SUBJECT', 'CLIENT', 'GOES TO', 'DEVICE', 'RESOURCE', 'SCOPES'],
      ...['GIVEN', 'USED', 'UNTIL'],
    ]);
    expect(lines[1]).toEqual([
      ...['alice@example.com', 'userid:1', 'stranger', 'https://claude.ai', '-', '-'],
      ...['email openid', '2026-09-21', '2026-09-21', '2027-09-21'],
    ]);
    expect(lines).toHaveLength(5);
    expect(out).not.toContain('\u001b');
  });

  test('of one client, of one person, as JSON', async () => {
    const cli = await filled(...others);
    const list = async (...argv: string[]) =>
      JSON.parse((await cli.run(['consents', 'list', '--json', ...argv])).out);
    expect(await list('--client', 'stranger')).toHaveLength(3);
    expect(await list('--client', 'stranger', '--subject', 'userid:2')).toEqual([
      {
        subject: 'userid:2',
        login: 'bob@example.com',
        clientId: 'stranger',
        redirectHost: 'cursor:',
        device: 'nBob',
        resource: null,
        scopes: ['email', 'openid'],
        givenAt: '2026-09-21T14:13:20.000Z',
        usedAt: '2026-09-21T14:13:20.000Z',
        expiresAt: '2027-09-21T14:13:20.000Z',
      },
    ]);
    expect(await list('--client', 'nobody')).toEqual([]);
  });

  test('where there is no database it says so: the daemon may have another one', async () => {
    expect(await makeCli().run(['consents', 'list'])).toMatchObject({
      exitCode: 1,
      out: '',
      err: expect.stringMatching(/there is no database in .*--config.*--dir/u),
    });
  });
});

describe('consents revoke', () => {
  test('takes back what was named, and records it', async () => {
    const cli = await filled(...others);
    const { exitCode, out } = await cli.run([
      ...['consents', 'revoke', '--client', 'stranger', '--subject', 'userid:1'],
    ]);
    expect([exitCode, out]).toEqual([
      0,
      expect.stringMatching(/^revoked what alice@example\.com \(userid:1\) allowed to stranger: /u),
    ]);
    await cli.withStore(async ({ consents, audit }) => {
      expect(await consents.list({ clientId: 'stranger' })).toMatchObject([
        { subject: 'userid:2' },
      ]);
      expect(await audit.list(10)).toMatchObject([
        {
          event: 'consent',
          subject: 'userid:1',
          login: 'alice@example.com',
          client: 'stranger',
          scope: 'email openid read_file',
          reason: 'revoked',
          detail: { by: 'cli', resources: ['https://files.example/mcp'] },
        },
      ]);
    });
  });

  test('of all people, of all clients', async () => {
    const cli = await filled(...others);
    const json = await cli.run(['consents', 'revoke', '--json', '--subject', 'userid:1']);
    expect(JSON.parse(json.out).revoked).toHaveLength(3);
    expect((await cli.run(['consents', 'revoke', '--client', 'stranger'])).exitCode).toBe(0);
    expect((await cli.run(['consents', 'list'])).out).toBe('no consents\n');
    await cli.withStore(async ({ audit }) => expect(await audit.list(10)).toHaveLength(3));
  });

  test('needs to be told whose, and says when there is none', async () => {
    const cli = await filled();
    expect(await cli.run(['consents', 'revoke'])).toMatchObject({
      exitCode: 2,
      err: expect.stringMatching(/--client ID, --subject SUBJECT/u),
    });
    expect(await cli.run(['consents', 'revoke', '--client', 'nobody'])).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/no such consent/u),
    });
    expect((await cli.run(['consents', 'revoke', '--client', 'x', 'y'])).exitCode).toBe(2);
  });
});
