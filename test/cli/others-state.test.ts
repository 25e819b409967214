import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeCli } from './run.ts';

/** The daemon's state directory as everybody else finds it. Root may open everything: be nobody for the test. */
function closedState() {
  const cli = makeCli();
  return {
    ...cli,
    async close() {
      await cli.withStore(async () => undefined);
      writeFileSync(join(cli.directory, 'admin.sock'), '');
      chmodSync(cli.directory, 0);
      const isRoot = process.getuid?.() === 0;
      if (isRoot) process.seteuid?.(65_534);
      onTestFinished(() => {
        if (isRoot) process.seteuid?.(0);
        chmodSync(cli.directory, 0o700);
      });
    },
  };
}

const client = ['--client', 'grafana'];

test.each([
  [['tokens', 'list']],
  [['tokens', 'list', '--json']],
  [['tokens', 'revoke', ...client]],
  [['consents', 'list']],
  [['consents', 'revoke', ...client]],
  [['clients', 'list']],
  [['audit']],
  [['audit', '--follow']],
  [['audit', 'verify']],
  [['audit', 'rotate']],
  [['jwks', 'export']],
  [['backup', '/tmp/never-written.db']],
  [['explain', '--as', 'alice@example.com', ...client]],
  [['health']],
])('%j in the state of another user says so, and never that there is nothing', async (argv) => {
  const cli = closedState();
  await cli.close();
  const answer = await cli.run(argv).then(
    ({ exitCode, out, err }) => ({ exitCode, out, said: err }),
    (error: Error) => ({ exitCode: 1, out: '', said: `${error.name}: ${error.message}` }),
  );
  expect(answer).toEqual({
    exitCode: 1,
    out: '',
    said: expect.stringMatching(
      /^(?:tsidp|StoreError): .*permission denied: run this as the daemon's user or as root/,
    ),
  });
});

test('doctor looks at the rest and says as whom to run it', async () => {
  const cli = closedState();
  await cli.close();
  const { exitCode, out } = await cli.run([
    ...['doctor', '--tailscaled-socket', join(cli.parent, 'none.sock')],
  ]);
  expect(exitCode).toBe(1);
  expect(out).toMatch(/^PROBLEM {2}state: .*permission denied/m);
  expect(out).toMatch(/^ +→ run this as the daemon's user or as root$/m);
  expect(out).not.toMatch(/restore a backup/);
  expect(out).toMatch(/tailscaled/);
});
