import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { setUp } from './doctor-site.ts';
import { policyOf } from './tailnet.ts';

const problem = (topic: string, text: RegExp, remedy: RegExp) => ({
  level: 'problem',
  topic,
  text: expect.stringMatching(text),
  remedy: expect.stringMatching(remedy),
});

test('a healthy setup: everything is looked at, nothing is wrong', async () => {
  const { startDaemon: start, examine, text } = await setUp();
  await start();
  const { exitCode, bad, all } = await examine();
  expect(bad).toEqual([]);
  expect(exitCode).toBe(0);
  const topics = new Set(all.map(({ topic }) => topic));
  for (const topic of ['configuration', 'files', 'tailscaled', 'node', 'network map', 'clock']) {
    expect(topics).toContain(topic);
  }
  const { out } = await text();
  expect(out).toContain('0 problems, 0 warnings');
  expect(out).toMatch(/port: .* is answered by http:\/\/127\.0\.0\.1:/);
  expect(out).toMatch(/rules: .* reaches us from 1 of 6 devices: bob@example\.com/);
});

describe('broken setups, each with its remedy', () => {
  test('tailscaled is away', async () => {
    const { simulator, examine } = await setUp();
    await simulator.stop();
    const { exitCode, bad } = await examine();
    expect(exitCode).toBe(1);
    expect(bad).toEqual([problem('tailscaled', /tailscaled/, /start tailscaled/)]);
  });

  test('tailscaled is logged out', async () => {
    const { simulator, examine } = await setUp();
    simulator.setStatus({ backendState: 'NeedsLogin' });
    const { exitCode, bad } = await examine();
    expect(exitCode).toBe(1);
    expect(bad).toContainEqual(problem('tailscaled', /NeedsLogin/, /tailscale --socket=\S+ up/));
  });

  test('the control server is away, an old tailscaled complains', async () => {
    const { simulator, examine } = await setUp();
    simulator.setStatus({ online: false, version: '1.60.0', health: ['no DERP home'] });
    const { exitCode, bad } = await examine();
    expect(exitCode).toBe(1);
    expect(bad).toContainEqual(problem('network map', /stale/, /netcheck/));
    expect(bad).toContainEqual(expect.objectContaining({ text: expect.stringMatching(/1\.60/) }));
    expect(bad).toContainEqual(expect.objectContaining({ topic: 'health' }));
  });

  test('the node belongs to a person, and HTTPS is off', async () => {
    const { simulator, examine } = await setUp({ config: { listen: {} } });
    simulator.setNode('idp', { user: 'alice@example.com' });
    const { exitCode, bad } = await examine();
    expect(exitCode).toBe(1);
    expect(bad).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        topic: 'node',
        remedy: expect.stringMatching(/tag:idp/),
      }),
    );
    expect(bad).toContainEqual(problem('HTTPS', /no HTTPS certificates/, /admin console/));
  });

  test('another program has the port', async () => {
    const { port, examine } = await setUp();
    const other = createServer((_, response) => response.end('{"issuer":"https://other.test"}'));
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { exitCode, bad } = await examine();
    expect(exitCode).toBe(1);
    expect(bad).toEqual([
      problem('port', /another program.*https:\/\/other\.test/, /listen\.port/),
    ]);
  });

  test('another program has the port, and never ends its answer', async () => {
    const { port, examine } = await setUp();
    const other = createServer((_, response) => {
      const drip = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(drip));
    });
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { bad } = await examine();
    expect(bad).toEqual([problem('port', /another program/, /listen\.port/)]);
  });

  test('the daemon does not run: a warning', async () => {
    const { exitCode, bad } = await (await setUp()).examine();
    expect(exitCode).toBe(0);
    expect(bad).toMatchObject([{ level: 'warning', topic: 'port', remedy: 'start it' }]);
  });

  test('an address that this machine does not have', async () => {
    const { examine } = await setUp({
      config: { listen: { type: 'tailnet', plainHttp: true, port: 4450 } },
    });
    const { bad } = await examine();
    expect(bad).toContainEqual(problem('port', /EADDRNOTAVAIL/, /TUN/));
  });

  test('rules: malformed, unknown fields, protected names, a mapping that finds nothing', async () => {
    const policy = policyOf({
      'autogroup:member': [
        { clients: 'everything' },
        { cleints: ['grafana'] },
        { extraClaims: { sub: 'x' } },
      ],
    }) as { grants: object[] };
    policy.grants.push({
      src: ['tag:ci'],
      dst: ['tag:idp'],
      app: { 'example.com/cap/tools': [{ may: [1] }] },
    });
    const capabilityScopes = [{ capability: 'example.com/cap/tools', pointer: '/may' }];
    const { examine } = await setUp({ tailnet: { policy }, config: { capabilityScopes } });
    const { exitCode, bad } = await examine();
    expect(exitCode).toBe(1);
    const rules = bad.filter(({ topic }) => topic === 'rules');
    expect(rules).toEqual([
      problem('rules', /rule 0: clients must be a list.*alice@.*bob@.*carol/, /docs\/policy/),
      expect.objectContaining({ level: 'warning', text: expect.stringMatching(/"cleints"/) }),
      expect.objectContaining({ level: 'warning', text: expect.stringMatching(/: sub \(/) }),
      expect.objectContaining({ level: 'warning', text: expect.stringMatching(/tools.*tag:ci/) }),
    ]);
    // one line for each mistake, not for each device
    expect(rules[0]?.text.match(/alice@/g)).toHaveLength(1);
  });

  test('nobody has a grant where one is needed', async () => {
    const { examine } = await setUp({ tailnet: { policy: policyOf({}) } });
    const { bad } = await examine();
    expect(bad).toContainEqual(problem('rules', /nobody may enter/, /dst/));
  });

  test('files that others may read or change', async () => {
    const setup = await setUp({
      config: {
        clients: [
          { id: 'a', secret: 'a-secret-inline', redirectUris: ['https://a.test/cb'] },
          { id: 'b', secretFile: 'b.secret', redirectUris: ['https://b.test/cb'] },
        ],
      },
    });
    const secret = join(setup.parent, 'b.secret');
    writeFileSync(secret, 'a-secret-of-b-in-a-file', { mode: 0o644 });
    await setup.withStore(async () => undefined);
    chmodSync(setup.file, 0o644);
    chmodSync(setup.directory, 0o770);
    chmodSync(join(setup.directory, 'tsidp.db'), 0o666);
    const { exitCode, bad } = await setup.examine();
    expect(exitCode).toBe(1);
    const files = bad.filter(({ topic }) => topic === 'files');
    expect(files).toEqual([
      problem('files', /read the configuration file/, new RegExp(`^chmod 600 ${setup.file}$`)),
      problem('files', /read the secret of b/, /^chmod 600 /),
      problem('files', /change the state directory/, /^chmod 700 .*look/),
      problem('files', /change the state file/, /^chmod 600 .*look/),
    ]);
    expect(JSON.stringify(bad)).not.toContain('a-secret');
  });

  test('T23: a damaged database, and it stays untouched', async () => {
    const setup = await setUp();
    await setup.withStore(async () => undefined);
    const database = join(setup.directory, 'tsidp.db');
    writeFileSync(database, 'not a database at all');
    const { exitCode, bad } = await setup.examine();
    expect(exitCode).toBe(1);
    expect(bad).toContainEqual(problem('state', /tsidp\.db/, /backup/));
    expect(readFileSync(database, 'utf8')).toBe('not a database at all');
  });

  test('a mistake in the configuration', async () => {
    const { file, examine } = await setUp();
    writeFileSync(file, readFileSync(file, 'utf8').replace('"access"', '"acess"'));
    const { exitCode, bad } = await examine();
    expect(exitCode).toBe(1);
    expect(bad).toMatchObject([{ topic: 'configuration', text: expect.stringMatching(/acess/) }]);
  });

  test('the clock is slow: somebody joined in the future', async () => {
    const created = new Date(Date.now() + 3600_000).toISOString();
    const { simulator, examine } = await setUp();
    simulator.setNode('bob', { created });
    const { exitCode, bad } = await examine();
    expect(exitCode).toBe(1);
    expect(bad).toContainEqual(problem('clock', /before bob.tailnet.test joined/, /chrony/));
  });

  const selfSigned = (directory: string, days: number, name: string) => {
    const [certificateFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
        ...['-keyout', keyFile, '-out', certificateFile, '-days', String(days)],
        ...['-subj', '/CN=x', '-addext', `subjectAltName=DNS:${name}`],
      ],
      { stdio: 'ignore' },
    );
    return { certificateFile, keyFile };
  };
  test.each([
    ['of another name', 90, 'other.test', 'problem', /another name/],
    ['that ends soon', 3, 'idp.tailnet.test', 'warning', /soon/],
    ['that is fine', 90, 'idp.tailnet.test', 'ok', /valid until/],
  ])('a certificate %s', async (_, days, name, level, text) => {
    const setup = await setUp();
    const files = selfSigned(setup.parent, days, name);
    const listen = { type: 'userspace', port: setup.port, ...files };
    writeFileSync(setup.file, JSON.stringify({ issuer: 'https://idp.tailnet.test', listen }));
    const { all } = await setup.examine();
    expect(all).toContainEqual(
      expect.objectContaining({ level, topic: 'certificate', text: expect.stringMatching(text) }),
    );
  });
});
